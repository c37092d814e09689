"""What happens to accounts and files, followed by profiles and preferences.

Events may come twice and in any order: how an account stood last is remembered, even before its
profile is opened.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import to_record

from .base import Base, completeness
from .generated import models, port
from .memory import Account

_EMPTY: dict[str, Any] = {
    "givenName": "",
    "familyName": "",
    "pronouns": None,
    "headline": None,
    "biography": None,
    "avatarFileId": None,
    "avatarCrop": None,
    "birthday": None,
    "officeLocation": None,
    "workingHours": [],
    "skills": [],
    "links": [],
    "statusMessage": None,
    "audience": models.Audience.only_me,
    "customValues": {},
    "completeness": 0,
}
"""What a tombstone says."""

_STATES = models.ProfileStatus


class Accounts(Base):
    """Handlers of what user-, file- and sms-service tell."""

    async def _news(self, ctx: Context, user_id: UUID, **standing: bool) -> Account | None:
        """How the account stands by the event at hand; None if a later one was handled."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.accounts.find(ctx, userId=user_id)
        fields = {"at": at, **standing}
        if known is None:
            return await self.accounts.insert(ctx, {"userId": user_id, **fields})
        if known.gone or at < known.at:
            return None
        return await self.accounts.rewrite(ctx, known, fields)

    async def open_profile(self, ctx: Context, request: port.OpenProfile) -> None:
        """Open a draft, unless there is a profile or the account is gone already."""
        user_id = request.body.user_id
        known = await self.accounts.find(ctx, userId=user_id)
        if known is not None and known.gone:
            return
        if await self.profile.find(ctx, userId=user_id) is not None:
            return
        await super().open_profile(ctx, request)
        if known is not None and known.suspended:
            await self.profile.transition(ctx, "lock-profile", user_id)

    async def lock_profile(self, ctx: Context, request: port.LockProfile) -> None:
        """Take the profile off display while the account is barred."""
        if await self._news(ctx, request.user_id, suspended=True) is None:
            return
        found = await self.profile.find(ctx, userId=request.user_id)
        if found is not None and found.status != _STATES.erased:
            await super().lock_profile(ctx, request)

    async def unlock_profile(self, ctx: Context, request: port.UnlockProfile) -> None:
        """Bring a locked profile back."""
        if await self._news(ctx, request.user_id, suspended=False) is None:
            return
        found = await self.profile.find(ctx, userId=request.user_id)
        if found is not None and found.status == _STATES.locked:
            await super().unlock_profile(ctx, request)

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        """Erase."""
        await self.erase_profile(ctx, port.EraseProfile(body=event.data))

    async def erase_profile(self, ctx: Context, request: port.EraseProfile) -> None:
        """Leave tombstones, and report the number of documents to the erasure request."""
        body = request.body
        await self._news(ctx, body.user_id, gone=True)
        found = await self.profile.find(ctx, userId=body.user_id)
        erased = 0
        if found is not None:
            erased = await self._bury(ctx, found)
            async for given in self.endorsement.each(ctx, fromUserId=body.user_id):
                fields = {"fromUserId": found.id, "note": None}
                await self.endorsement.rewrite(ctx, given, fields)
                erased += 1
            async for received in self.endorsement.each(ctx, userId=body.user_id):
                await self.endorsement.remove(ctx, received)
                erased += 1
        told = {
            "userId": body.user_id,
            "erasureRequestId": body.erasure_request_id,
            "store": models.ProfileErasureCompletedStore.profiles,
            "erasedItems": min(erased, 1_000),
        }
        await self.profile.announce(ctx, "profile-erasure-completed", told)

    async def _bury(self, ctx: Context, found: models.Profile) -> int:
        """Shrink profile and preferences to tombstones; how many documents that were."""
        user_id, buried = found.user_id, 0
        if found.status != _STATES.erased:
            fields = {**_EMPTY, "status": _STATES.erased, "erasedAt": ctx.now}
            tombstone = await self.profile.rewrite(ctx, found, fields)
            record = to_record(tombstone)
            if found.avatar_file_id is not None:
                record["avatarFileId"] = found.avatar_file_id  # which file-service trashes
            await self.profile.announce(ctx, "profile-erased", record)
            buried += 1
        preferences = await self.preference_set.find(ctx, userId=user_id)
        if preferences is not None:
            plain = {**self.preference_set.spec.defaults, "quietHours": None}
            emptied = await self.preference_set.rewrite(ctx, preferences, plain)
            buried += emptied.version != preferences.version
        async for portrait in self.portraits.each(ctx, userId=user_id):
            await self.portraits.remove(ctx, portrait)
        async for export in self.exports.each(ctx, userId=user_id):
            await self.exports.remove(ctx, export)
            self.forget(ctx, export.id)
        return buried

    def forget(self, ctx: Context, export: UUID) -> None:
        """Destroy an archive once the operation has committed."""
        archives = self.world.archives
        ctx.unit.after_commit(lambda: archives.forget(export))

    async def on_user_merged(self, ctx: Context, event: Received[models.UserMerged]) -> None:
        """Merge."""
        await self.absorb_profile(ctx, port.AbsorbProfile(body=event.data))

    async def absorb_profile(self, ctx: Context, request: port.AbsorbProfile) -> None:
        """Hang praise below the survivor, as far as it lists the skill, and leave a tombstone."""
        absorbed, survivor = request.body.absorbed_id, request.body.survivor_id
        if absorbed == survivor:
            return
        await self._news(ctx, absorbed, gone=True)
        heir = await self.profile.find(ctx, userId=survivor)
        moved = await self._move_praise(ctx, absorbed, heir)
        if heir is not None and moved and heir.status != _STATES.erased:
            await self.profile.announce(ctx, "profile-updated", heir)
        found = await self.profile.find(ctx, userId=absorbed)
        if found is not None:
            await self._bury(ctx, found)

    async def _move_praise(self, ctx: Context, absorbed: UUID, heir: models.Profile | None) -> int:
        """What was said of the absorbed account and by it is of and by the survivor.

        Praise that would be the survivor's of itself, or a second one of the same, goes.
        """
        moved = 0
        listed = {each.root for each in heir.skills} if heir is not None else set()
        async for each in self.endorsement.each(ctx, userId=absorbed):
            fields = {"userId": heir.user_id} if heir is not None else {}
            passed_over = each.skill not in listed
            moved += not passed_over and await self._move(ctx, each, fields)
            if passed_over:
                await self.endorsement.remove(ctx, each)
        async for each in self.endorsement.each(ctx, fromUserId=absorbed):
            if heir is not None:
                await self._move(ctx, each, {"fromUserId": heir.user_id})
        return moved

    async def _move(
        self, ctx: Context, praise: models.Endorsement, fields: dict[str, UUID]
    ) -> bool:
        after = {**to_record(praise), **fields}
        same = {name: after[name] for name in ("userId", "fromUserId", "skill")}
        twin = await self.endorsement.find(ctx, **same)
        if after["userId"] == after["fromUserId"] or twin is not None:
            await self.endorsement.remove(ctx, praise)
            return False
        await self.endorsement.rewrite(ctx, praise, fields)
        return True

    async def on_file_quarantined(
        self, ctx: Context, event: Received[models.FileQuarantined]
    ) -> None:
        """Drop it."""
        await self.drop_quarantined_avatar(ctx, port.DropQuarantinedAvatar(body=event.data))

    async def drop_quarantined_avatar(
        self, ctx: Context, request: port.DropQuarantinedAvatar
    ) -> None:
        """Take the picture off every profile that shows the file, and never take it again."""
        file_id = request.body.file_id
        if await self.bad_files.find(ctx, fileId=file_id) is None:
            await self.bad_files.insert(ctx, {"fileId": file_id})
        async for each in self.profile.each(ctx, avatarFileId=file_id):
            less = completeness({**to_record(each), "avatarFileId": None})
            fields = {"avatarFileId": None, "avatarCrop": None, "completeness": less}
            await self.profile.update(ctx, "drop-quarantined-avatar", each.user_id, fields)

    async def on_recipient_opted_out(
        self, ctx: Context, event: Received[models.RecipientOptedOut]
    ) -> None:
        """Untick texts."""
        await self.close_text_channel(ctx, port.CloseTextChannel(body=event.data))

    async def close_text_channel(self, ctx: Context, request: port.CloseTextChannel) -> None:
        """Untick texts for every topic of whoever has the number.

        Security messages stay: where texts were their only channel, e-mail takes their place.
        """
        sms, email = models.NotificationChannel.sms, models.NotificationChannel.email
        for user_id in await self.world.numbers.holders(request.body.phone_hash):
            found = await self.preference_set.find(ctx, userId=user_id)
            if found is None:
                continue
            changed = {}
            for topic, channels in found.channels.items():
                if sms in channels.root:
                    left = [each for each in channels.root if each != sms]
                    changed[topic] = left or ([email] if topic == "security" else [])
            if changed:
                fields = {"channels": changed, "changedTopics": sorted(changed)}
                await self.preference_set.update(ctx, "close-text-channel", user_id, fields)
