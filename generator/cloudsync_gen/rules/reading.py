"""What the findings mean that no rule makes: of reading a model, of putting contracts together, of
output that is not what the model implies, and of what was waived.

They are part of the gate and cannot be selected, ignored or waived: behind each, something of the
model is not known, a contract is not whole, or a waiver is not what it should be.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from cloudsync_gen.diagnostics import Severity


class Reading(Struct, frozen=True):
    """A code with its name, what it says and what to do instead."""

    name: str
    says: str
    instead: str
    severity: Severity = Severity.ERROR

    @property
    def text(self) -> str:
        """As `explain` prints it."""
        return f"{self.says}\n\nUse instead: {self.instead}"


_TABLE = """
SRC001 | syntax | A text is not what its suffix says: no YAML, GraphQL or proto. Nothing of it is known, so rules are silent about what it may hold; exit code 3. | the syntax that the message names the first breach of.
SRC002 | duplicate-key | A mapping has one key twice. Readers of YAML keep the last and say nothing; here both are shown. | one of the two, or another name.
SRC003 | yaml-tag | A YAML tag (`!!python/object`, `!include`) stands before a value. Tags make readers run code or open files, so none is allowed. | the plain value.
SRC004 | yaml-form | A form of YAML that is not read: a second document, a merge key, a key that is no text, an alias without an anchor. | the fields written out, under keys that are text.
SRC005 | size-limit | A text is larger, deeper or multiplied further by aliases than any model needs. A stranger's model must not exhaust the machine that checks it. | several files, or values written out.
SRC006 | number-range | A number is written that JSON cannot hold or that does not fit 64 bits, so that readers would disagree about it. | quotes, if it is text; else a number in range.
SRC007 | encoding | A file is not UTF-8. | the file saved as UTF-8.
SRC008 | no-manifest | There is no `model/manifest.yaml` below the root, so there is no model. | `--root` with the folder that holds `model/`, or `cloudsync-gen init`.
MDL001 | manifest | The manifest does not say what it should: a project, and a folder below `model/` for each layer, found by the layer's name. Whatever a layer with a wrong folder holds is not read. | the form that the message names.
MDL002 | not-an-element | Something in a layer's file is no mapping; files of layers are mappings of elements. | an element with `id`, `name` and `description`, or another place for it.
MDL003 | element-id | An element has no id, or one that is not written `<layer>.<type>.<kebab-name>`. Nothing can link to it. | `id: business.actor.press-crew`.
MDL004 | element-type | An id names a type that its layer does not have. | one of the layer's types; `cloudsync-gen schema LAYER` shows them.
MDL005 | element-schema | A field of an element is unknown, missing or of another type. The rest of the element is read without it, so that other findings are told as well. | what `cloudsync-gen schema TYPE` shows; editors complete it.
MDL006 | duplicate-id | Two elements have one id; the first is used. | another name for one of them, and for the links that mean it.
MDL007 | unread-file | A file below `model/` looks like a part of the model, and nothing reads it: it lies in the folder of no layer, or has a suffix that its layer does not read. Whatever it says is not so. | the folder of its layer, another suffix, or another place than `model/`. | warning
OAS001 | openapi-document | A file below `rest-apis/` is no OpenAPI 3.1 source with the link to its service. | `openapi: 3.1.0`, `info`, `paths` and `x-archimate-ref`.
OAS002 | openapi-field | A link field or fact of a document or operation has a form that it cannot have. | an id, a duration or a percentage, as the message says.
OAS003 | operation-id | An operation has no `operationId`, of which its element's id is made. | a lowerCamelCase `operationId`.
GQL001 | graphql-document | A GraphQL source does not say which element it is. | `schema @contract(id: "api.graphql-api.NAME") { query: Query }`.
GQL002 | graphql-schema | A GraphQL source is no valid schema (GraphQL specification, section Type System). | the schema mended where the message says.
GQL003 | graphql-directive | A directive has no meaning in a contract and would be lost. | one of the link directives, `@deprecated`, `@specifiedBy` or `@oneOf`.
GQL004 | graphql-field | A link directive holds something else than an id. | the id of an element.
PRT001 | proto-document | A proto source does not say which element and service it is. | `option (cloudsync_gen.contract) = {id: …, service: …};`.
PRT002 | proto-import | A proto source imports what is neither another source, `google/` nor the link options. Nothing else is read. | an import of one of these.
PRT003 | proto-schema | protoc refuses the sources taken together. | the source mended where the message says.
PRT004 | proto-field | A link option holds something else than it should. | the id of an element.
WHK001 | webhook-document | A file below `webhooks/` is no OpenAPI 3.1 document with `webhooks` alone. | `openapi: 3.1.0`, `info` and `webhooks`.
CTR001 | schema-reference | A `$ref` that a contract would need leads to no schema of the data model. | `<relative path>#/<element>/schema`.
CTR002 | unsafe-reference | A `$ref` leads out of the model: an address, an absolute path, a folder above. Nothing outside is ever read. | a reference within `model/`.
CTR003 | schema-keyword | A keyword of a schema would steer generators or mean something else in a contract. | the schema without it.
CTR004 | component-name | Two schemas would have one name in a contract. | another name for one of the two elements.
CTR005 | contract-context | The model does not say where its contracts are served. | one element of type `api.gateway`.
CTR006 | contract-part | A part of a contract that is filled in from other layers cannot be made. | the element that the message names, mended.
CTR010 | invalid-openapi | A compiled OpenAPI document is refused by the specification's own schema. | the source mended at the place that the message names.
CTR011 | invalid-json-schema | A compiled JSON Schema is refused by the metaschema of draft 2020-12. | the schema mended.
CTR012 | invalid-graphql | A compiled GraphQL schema is refused, or does not come out of strawberry as it went in. | the source mended.
CTR013 | invalid-proto | Compiled proto files are refused by protoc. | the source mended.
GEN001 | unusable-path | A generated file would have a name that some system cannot hold, or that is another file's on a disk that ignores case. | another name for the element that it is called after.
GEN002 | unfitting-message | A message of an RPC, or a field of a GraphQL schema, has fields or arguments that its command, query or operation does not take, lacks some that it needs, or promises what may be absent, so that no adapter can be made. | the properties of the input and output, by the same names, and the key of the entity where the command works on one.
DRF001 | missing-output | A file that the model implies is not there. | `cloudsync-gen generate`, and what it writes committed.
DRF002 | outdated-output | A file is not, byte for byte, what the model implies. The line is the first that differs. | `cloudsync-gen generate`, and what it writes committed.
DRF003 | left-over-output | A file was generated once, and the model implies it no longer. | `cloudsync-gen generate`, which deletes it.
DRF004 | output-conflict | A file that is to be written was changed by somebody, or was never written by the tool; it is not overwritten. | the edit moved to the service's own files, and the file deleted.
DRF005 | orphan-output | A file lies in a folder that belongs to the tool, and nothing implies it. | the file deleted, or moved elsewhere.
WVR001 | suppression-form | A comment begins as a suppression and is none: its codes are not in brackets, or it gives no reason. Nothing is suppressed by it. | `# cloudsync-gen: ignore[LNK001] why it may stay`.
WVR002 | unknown-suppression | A suppression names no rule, or a finding that is no rule's and cannot be suppressed. | the code or the name of a rule.
WVR003 | unused-suppression | A suppression stands where its rule finds nothing, so that it would hide the next finding there. `--fix` removes it. | no comment. | warning
WVR004 | expired-waiver | The day until which a finding was waived in the baseline is over; the finding is told again. | the finding mended, or `check --write-baseline` with a new reason and day.
WVR005 | stale-waiver | An entry of the baseline waives a finding that is not there any more. | no entry; `check --write-baseline` drops it. | warning
"""

READINGS: Mapping[str, Reading] = {
    code: Reading(name, says, instead, Severity(severity[0]) if severity else Severity.ERROR)
    for code, name, says, instead, *severity in (
        [cell.strip() for cell in line.split(" | ")] for line in _TABLE.strip().splitlines()
    )
}
"""Code -> what it means, in the order in which a model is worked through."""
