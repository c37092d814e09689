"""What people do with their own profiles."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import given, to_record
from cloudsync_chassis.problem import FieldError, json_pointer
from pydantic_core import to_jsonable_python

from .base import Base, completeness
from .generated import models, port, problems
from .values import fault

log = logger("selves")

_PENDING = timedelta(hours=24)
_OBLIGATION = timedelta(days=7)

_GUIDE = {
    "profile": "What you say about yourself and who may see it.",
    "preferences": "How your clients look, and through which channels you want to be told what.",
    "endorsementsReceived": "Who praised you for which skill.",
    "endorsementsGiven": "Whom you praised for which skill.",
}


class Selves(Base):
    """Handlers of profiles by their owners."""

    async def update_profile(self, ctx: Context, request: port.UpdateProfile) -> models.Profile:
        """Rewrite what somebody says; values of fields that were retired go with it."""
        found = await self.own_profile(ctx, request.user_id)
        self._require_unlocked(found)
        fields = given(request.body)
        for name in ("givenName", "familyName"):
            if isinstance(fields.get(name), str):
                fields[name] = unicodedata.normalize("NFC", fields[name])
        fields["customValues"] = await self._custom(ctx, found, fields.get("customValues"))
        record = {**to_record(found), **fields}
        fields["completeness"] = completeness(record)
        return await self.profile.update(ctx, "update-profile", request.user_id, fields)

    def _require_unlocked(self, profile: models.Profile) -> None:
        if profile.status == models.ProfileStatus.locked:
            raise problems.PROFILE_LOCKED("the account is suspended")

    async def _custom(
        self, ctx: Context, profile: models.Profile, values: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """A merge patch of the custom values, held against the organisation's fields.

        Raises:
            Problem: `custom-field-unknown`.
        """
        known = await self.definitions(ctx)
        patch: dict[str, Any] = {name: None for name in profile.custom_values if name not in known}
        errors = []
        for name, value in (values or {}).items():
            wrong = fault(known.get(name), value)
            if wrong is not None:
                errors.append(FieldError(wrong, json_pointer(["customValues", name])))
        if errors:
            raise problems.CUSTOM_FIELD_UNKNOWN(errors=errors)
        return patch | dict(values or {})

    async def publish_profile(self, ctx: Context, request: port.PublishProfile) -> models.Profile:
        """Put a profile on display once its names and the required fields are filled."""
        found = await self.own_profile(ctx, request.user_id)
        showable = (models.ProfileStatus.draft, models.ProfileStatus.hidden)
        fields: dict[str, Any] = {}
        if found.status in showable:
            await self._require_complete(ctx, found)
            record = to_record(found)
            fields = {"publishedAt": ctx.now, "completeness": completeness(record)}
        return await self.profile.transition(ctx, "publish-profile", request.user_id, fields)

    async def _require_complete(self, ctx: Context, profile: models.Profile) -> None:
        record = to_record(profile)
        missing = [["givenName"], ["familyName"]]
        missing = [each for each in missing if not record[each[0]]]
        values = record["customValues"]
        for key, each in sorted((await self.definitions(ctx)).items()):
            if each.required and not values.get(key):
                missing.append(["customValues", key])
        if missing:
            errors = [FieldError("is missing", json_pointer(each)) for each in missing]
            raise problems.PROFILE_INCOMPLETE(errors=errors)

    async def set_avatar(self, ctx: Context, request: port.SetAvatar) -> models.Profile:
        """Make an uploaded image somebody's picture."""
        found = await self.own_profile(ctx, request.user_id)
        self._require_unlocked(found)
        file_id = request.body.file_id
        picture = await self.world.pictures.of(request.user_id, file_id)
        limit = self.settings.avatar_max_bytes
        if picture is None or not picture.image or picture.size > limit:
            raise problems.NOT_AN_IMAGE(f"no clean image of at most {limit} bytes")
        if await self.bad_files.find(ctx, fileId=file_id) is not None:
            raise problems.NOT_AN_IMAGE("malware was found in the file")
        fields = {"avatarFileId": file_id, "avatarCrop": to_record(request.body.crop)}
        fields["completeness"] = completeness({**to_record(found), **fields})
        changed = await self.profile.update(ctx, "set-avatar", request.user_id, fields)
        await self._compare(ctx, changed, picture.digest)
        return changed

    async def _compare(self, ctx: Context, profile: models.Profile, digest: str) -> None:
        """Keep what the picture looks like; a namesake with the same one is a signal."""
        mine = await self.portraits.find(ctx, userId=profile.user_id)
        if mine is None:
            await self.portraits.insert(ctx, {"userId": profile.user_id, "digest": digest})
        else:
            await self.portraits.rewrite(ctx, mine, {"digest": digest})
        async for each in self.portraits.each(ctx, digest=digest):
            other = await self.profile.find(ctx, userId=each.user_id)
            if other is None or each.user_id == profile.user_id or not _namesakes(other, profile):
                continue
            log.warning("impersonation", user_id=str(profile.user_id), of=str(each.user_id))
            self._signal(ctx, profile.user_id, each.user_id)

    def _signal(self, ctx: Context, user_id: UUID, other: UUID) -> None:
        tenant, signals = ctx.tenant, self.world.signals
        ctx.unit.after_commit(lambda: signals.impersonation(tenant, user_id, other))

    async def remove_avatar(self, ctx: Context, request: port.RemoveAvatar) -> models.Profile:
        """As the model says, with completeness computed anew."""
        found = await self.own_profile(ctx, request.user_id)
        fields = {"completeness": completeness({**to_record(found), "avatarFileId": None})}
        return await self.profile.update(ctx, "remove-avatar", request.user_id, fields)

    async def expire_status_message(self, ctx: Context, request: port.ExpireStatusMessage) -> None:
        """Take a message away whose moment has come, and no other."""
        found = await self.profile_of(ctx, request.user_id)
        message = found.status_message
        if message is not None and message.clear_at is not None and message.clear_at <= ctx.now:
            await super().expire_status_message(ctx, request)

    async def export_my_data(
        self, ctx: Context, request: port.ExportMyData
    ) -> models.ProfileExportReceipt:
        """Have an archive made of everything that is known here; its link works for 72 hours."""
        profile = await self.own_profile(ctx, request.user_id)
        async for each in self.exports.each(ctx, userId=request.user_id):
            asked = each.created_at > ctx.now - _PENDING
            if asked and not await self.world.archives.ready(each.id):
                raise problems.EXPORT_PENDING("the last archive is not ready yet")
        made = await self.exports.insert(ctx, {"userId": request.user_id})
        content = await self._everything(ctx, profile)
        expires = ctx.now + timedelta(seconds=self.settings.export_link_lifetime)
        archives, user_id = self.world.archives, request.user_id
        ctx.unit.after_commit(lambda: archives.store(made.id, user_id, content, expires))
        return models.ProfileExportReceipt(
            export_id=made.id, requested_at=ctx.now, ready_by=ctx.now + _OBLIGATION
        )

    async def _everything(self, ctx: Context, profile: models.Profile) -> dict[str, Any]:
        user_id = profile.user_id
        preferences = await self.preference_set.find(ctx, userId=user_id)
        received = [to_record(each) async for each in self.endorsement.each(ctx, userId=user_id)]
        gave = self.endorsement.each(ctx, fromUserId=user_id)
        found = {
            "guide": _GUIDE,
            "profile": to_record(profile),
            "preferences": to_record(preferences) if preferences is not None else None,
            "endorsementsReceived": received,
            "endorsementsGiven": [to_record(each) async for each in gave],
        }
        plain: dict[str, Any] = to_jsonable_python(found)
        return plain


def _namesakes(one: models.Profile, other: models.Profile) -> bool:
    names = [(each.given_name.casefold(), each.family_name.casefold()) for each in (one, other)]
    return names[0] == names[1] and any(names[0])
