"""Ports: the picture of an invoice, and where it lies."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID
from xml.etree import ElementTree

from cloudsync_chassis import files
from cloudsync_chassis.settings import Settings

from .generated import models

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
_PAGE = 48
"""Lines of text on a page of paper."""


class Documents(Protocol):
    """Object storage that hands out addresses which lapse."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep a document; the same key again replaces it."""
        ...

    async def link(self, key: str, organization: UUID, expires: datetime) -> str:
        """An address at which this organisation can fetch it until then."""
        ...


class LocalDocuments:
    """Files below the state folder, and addresses signed by HMAC-SHA-256 (RFC 2104)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def put(self, key: str, content: bytes) -> None:
        """See `Documents.put`."""
        files.replace(self._path(key), content)

    async def link(self, key: str, organization: UUID, expires: datetime) -> str:
        """See `Documents.link`."""
        until = int(expires.timestamp())
        proof = self._proof(key, str(organization), until)
        query = f"organization={organization}&expires={until}&signature={proof}"
        return f"https://invoice-documents.invalid/{quote(key)}?{query}"

    def opened(self, address: str, now: datetime) -> bytes | None:
        """What lies at an address, if its signature holds and it has not lapsed."""
        parts = urlsplit(address)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        key, until = parts.path.removeprefix("/"), int(asked.get("expires", "0"))
        proof = self._proof(key, asked.get("organization", ""), until)
        if not hmac.compare_digest(proof, asked.get("signature", "")):
            return None
        return self._path(key).read_bytes() if now.timestamp() < until else None

    def _path(self, key: str) -> Path:
        return self._settings.state_path("invoice-documents", *key.split("/"))

    def _proof(self, key: str, organization: str, until: int) -> str:
        secret = files.secret_bytes(self._settings.state_path("keys", "documents.key"))
        return hmac.new(
            secret, f"{key}\n{organization}\n{until}".encode(), hashlib.sha256
        ).hexdigest()


def key_of(invoice: models.Invoice) -> str:
    """Where the picture of an issued invoice lies."""
    day = invoice.issued_on or datetime.now(UTC).date()
    return f"{day.year:04d}/{day.month:02d}/{invoice.id}.pdf"


def xml_key(key: str) -> str:
    """Where the XML of the same invoice lies."""
    return key.removesuffix(".pdf") + ".xml"


def pdf(invoice: models.Invoice) -> bytes:
    """A plain PDF 1.4 document (ISO 32000), the same bytes for the same invoice."""
    rows = _rows(invoice)
    pages = [rows[at : at + _PAGE] for at in range(0, len(rows), _PAGE)]
    kids = " ".join(f"{4 + 2 * each} 0 R" for each in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        text = b"".join(b"(" + _escaped(row) + b") '\n" for row in page)
        stream = b"BT /F1 10 Tf 14 TL 50 790 Td\n" + text + b"ET"
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0"
            + f" R >> >> /Contents {5 + 2 * number} 0 R >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    found, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(found))
        found += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % each for each in offsets)
    size = len(objects) + 1
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(found))
    return found + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


def _escaped(text: str) -> bytes:
    plain = text.encode("cp1252", "replace")
    return plain.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _rows(invoice: models.Invoice) -> list[str]:
    party, address = invoice.bill_to, invoice.bill_to.address
    money = invoice.currency.value.upper()
    head = [
        f"Invoice {invoice.invoice_number}",
        f"Issued {invoice.issued_on}, due {invoice.due_on}",
        f"Period {invoice.service_period_start} to {invoice.service_period_end}",
        "",
        party.legal_name,
        address.line1,
        f"{address.postal_code} {address.city}, {address.country}",
        *([f"Tax identifier {party.tax_id}"] if party.tax_id else []),
        "",
    ]
    body = [
        f"{each.position:3d} {each.description[:44]:44s} {each.quantity:>12s} "
        f"{each.amount_minor:>14d}"
        for each in invoice.lines
    ]
    foot = [
        "",
        f"Amounts in minor units of {money}",
        f"Subtotal {invoice.subtotal_minor}   Discount {invoice.discount_minor}",
        f"Tax {invoice.tax_minor}   Total {invoice.total_minor}",
        *(["Reverse charge: the customer owes the tax"] if invoice.reverse_charge else []),
        *([invoice.overage_note] if invoice.overage_note else []),
        f"Content {invoice.content_hash}",
    ]
    return head + body + foot


def xml(invoice: models.Invoice) -> bytes:
    """The facts of an invoice in UBL 2.1, the XML syntax of EN 16931."""
    root = ElementTree.Element("Invoice", {"xmlns": _UBL})
    digits = 0 if invoice.currency is models.Currency.jpy else 2
    money = {"currencyID": invoice.currency.value.upper()}

    def put(parent: ElementTree.Element, name: str, text: object = None) -> ElementTree.Element:
        found = ElementTree.SubElement(parent, name)
        found.text = None if text is None else str(text)
        return found

    def pay(parent: ElementTree.Element, name: str, minor: int) -> None:
        put(parent, name, _major(minor, digits)).attrib.update(money)

    put(root, "CustomizationID", "urn:cen.eu:en16931:2017")
    put(root, "ID", invoice.invoice_number)
    put(root, "IssueDate", invoice.issued_on)
    put(root, "DueDate", invoice.due_on)
    put(root, "InvoiceTypeCode", 380)
    put(root, "DocumentCurrencyCode", money["currencyID"])
    buyer = put(put(root, "AccountingCustomerParty"), "Party")
    put(buyer, "RegistrationName", invoice.bill_to.legal_name)
    put(buyer, "IdentificationCode", invoice.bill_to.address.country)
    if invoice.bill_to.tax_id:
        put(buyer, "CompanyID", invoice.bill_to.tax_id)
    pay(put(root, "TaxTotal"), "TaxAmount", invoice.tax_minor)
    sums = put(root, "LegalMonetaryTotal")
    pay(sums, "TaxExclusiveAmount", invoice.subtotal_minor - invoice.discount_minor)
    pay(sums, "PayableAmount", invoice.total_minor)
    for each in invoice.lines:
        row = put(root, "InvoiceLine")
        put(row, "ID", each.position)
        put(row, "InvoicedQuantity", each.quantity)
        pay(row, "LineExtensionAmount", each.amount_minor)
        put(put(row, "Item"), "Name", each.description)
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _major(minor: int, digits: int) -> str:
    """Minor units as a decimal: 1234 with two digits is 12.34."""
    sign, whole = ("-" if minor < 0 else ""), abs(minor)
    base = 10**digits
    return f"{sign}{whole // base}.{whole % base:0{digits}d}" if digits else f"{sign}{whole}"
