"""What lies outside: each a port with an implementation that works on one machine.

`PORTS.md` says what takes their place in production.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cloudsync_chassis import files
from cloudsync_chassis.settings import Settings

_EMBARGOED = frozenset({"CU", "IR", "KP", "SY"})
_UNION_TEXT = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
_UNION = frozenset(_UNION_TEXT.split())
_FREE_MAIL_TEXT = """
    126.com 163.com aol.com duck.com fastmail.com free.fr gmail.com gmx.com gmx.de gmx.net
    googlemail.com hey.com hotmail.com hotmail.co.uk hotmail.fr icloud.com laposte.net libero.it
    live.com mac.com mail.com mail.ru me.com msn.com naver.com orange.fr outlook.com pm.me
    proton.me protonmail.com qq.com rediffmail.com t-online.de tutanota.com web.de yahoo.co.jp
    yahoo.co.uk yahoo.com yahoo.de yahoo.fr yandex.com yandex.ru ymail.com zoho.com
    """
_FREE_MAIL = frozenset(_FREE_MAIL_TEXT.split())
_SUFFIXES_TEXT = """
    ac.jp ac.uk co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.cn
    com.hk com.mx com.my com.sg com.tr com.tw com.ua edu.au github.io go.jp gov.au gov.uk ltd.uk
    me.uk ne.jp net.au net.uk nhs.uk or.jp org.au org.nz org.uk plc.uk sch.uk
    """
_SUFFIXES = frozenset(_SUFFIXES_TEXT.split())


class Countries(Protocol):
    """Where customers may be served, and from where."""

    def embargoed(self, country: str) -> bool:
        """Whether a company of the country (ISO 3166-1 alpha-2) may not be served."""
        ...

    def in_union(self, country: str) -> bool:
        """Whether the country belongs to the European Union."""
        ...


class MailDomains(Protocol):
    """What is known of domains."""

    def claimable(self, domain: str) -> bool:
        """Whether one organisation can own it: no free-mail provider, no public suffix."""
        ...


class Resolver(Protocol):
    """One resolver of the domain name system."""

    async def texts(self, domain: str) -> frozenset[str]:
        """The TXT records of a domain; none if it has none."""
        ...


class Regions(Protocol):
    """The provisioning controller of a region."""

    async def prepare(self, organization: UUID, region: str) -> None:
        """Have key and partitions made; repeating it is harmless."""
        ...

    async def prepared(self, organization: UUID) -> bool:
        """Whether both exist."""
        ...


class Records(Protocol):
    """What other departments keep of an organisation: holds of courts, exports under way."""

    async def has(self, organization: UUID) -> bool:
        """Whether there is one."""
        ...


class InvitationMail(Protocol):
    """Mails the link of an invitation; nobody else ever learns the token."""

    def post(self, organization: UUID, address: str, token: str, expires: datetime) -> None:
        """Send it, or see to it that it will be sent."""
        ...


class Notices(Protocol):
    """Tells the administrators of an organisation what they must decide."""

    def tell(self, organization: UUID, text: str) -> None:
        """Tell them; the text names people by id only."""
        ...


class LocalCountries:
    """Comprehensive embargoes and the members of the Union, as of 2026."""

    def embargoed(self, country: str) -> bool:
        """See `Countries.embargoed`."""
        return country in _EMBARGOED

    def in_union(self, country: str) -> bool:
        """See `Countries.in_union`."""
        return country in _UNION


class LocalMailDomains:
    """The big free-mail providers, and suffixes below which anybody may register."""

    def claimable(self, domain: str) -> bool:
        """See `MailDomains.claimable`."""
        return "." in domain and domain not in _FREE_MAIL | _SUFFIXES


class ZoneFolder:
    """A folder with a file per domain; each line is a TXT record."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def texts(self, domain: str) -> frozenset[str]:
        """See `Resolver.texts`."""
        path = self._folder / f"{domain}.txt"
        if path.parent != self._folder or not path.is_file():
            return frozenset()
        return frozenset(each.strip() for each in path.read_text().splitlines())


class LocalRegions:
    """A folder with a mark per prepared organisation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def prepare(self, organization: UUID, region: str) -> None:
        """See `Regions.prepare`."""
        (files.private_folder(self._folder) / str(organization)).write_text(region)

    async def prepared(self, organization: UUID) -> bool:
        """See `Regions.prepared`."""
        return (self._folder / str(organization)).is_file()


class MarkFolder:
    """A folder with a mark per organisation that there is something of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def has(self, organization: UUID) -> bool:
        """See `Records.has`."""
        return (self._folder / str(organization)).exists()


class MailFolder:
    """Leaves each mail as a JSON file that only this user can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def post(self, organization: UUID, address: str, token: str, expires: datetime) -> None:
        """See `InvitationMail.post`."""
        mail = {
            "organizationId": str(organization),
            "to": address,
            "token": token,
            "expiresAt": expires.isoformat(),
        }
        name = hashlib.sha256(token.encode()).hexdigest()
        files.replace(self._folder / f"{name}.json", json.dumps(mail).encode())


class NoticeFolder:
    """A file per organisation; each line is a notice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tell(self, organization: UUID, text: str) -> None:
        """See `Notices.tell`."""
        path = files.private_folder(self._folder) / f"{organization}.txt"
        with path.open("a") as file:
            file.write(text + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All ports of the service; a domain is proved where both resolvers find the token."""

    countries: Countries
    mail_domains: MailDomains
    resolvers: tuple[Resolver, Resolver]
    regions: Regions
    legal_holds: Records
    open_exports: Records
    mail: InvitationMail
    notices: Notices


def local(settings: Settings) -> World:
    """Everything on this machine, below the state folder."""
    place = settings.state_path("org-service")
    zones = ZoneFolder(place / "dns")
    return World(
        countries=LocalCountries(),
        mail_domains=LocalMailDomains(),
        resolvers=(zones, zones),
        regions=LocalRegions(place / "regions"),
        legal_holds=MarkFolder(place / "legal-holds"),
        open_exports=MarkFolder(place / "open-exports"),
        mail=MailFolder(place / "mail"),
        notices=NoticeFolder(place / "notices"),
    )
