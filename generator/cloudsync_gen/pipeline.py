"""load → link → check → compile → plan → render → validate → reconcile → apply, on one screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, structs

from cloudsync_gen.contracts.agree import disagreements
from cloudsync_gen.diagnostics import Diagnostic, Severity, has_errors, merged, ordered
from cloudsync_gen.engine import index, paths
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.collector import dropped
from cloudsync_gen.engine.executors import Crew
from cloudsync_gen.engine.resources import digest_of_package
from cloudsync_gen.engine.spool import Spool, Stowed
from cloudsync_gen.link import link
from cloudsync_gen.load import LOCATORS, MANIFEST, load
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.load.suppressions import suppressions
from cloudsync_gen.load.unseen import comments_with, strays
from cloudsync_gen.model.artefacts import Output, Planned, Unit, Unplannable
from cloudsync_gen.model.belonging import Owned, owned
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.reading import noting
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.traces import Traces
from cloudsync_gen.model.verdicts import Verdicts
from cloudsync_gen.model.waivers import Waivers
from cloudsync_gen.model.watching import Later, watched
from cloudsync_gen.rules import RULES, judging
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.affected import affected as narrowed
from cloudsync_gen.rules.judging import Judged
from cloudsync_gen.rules.security import secret_literal
from cloudsync_gen.rules.waivers import waive
from cloudsync_gen.source import SourceMap, Tree, contents_below

if TYPE_CHECKING:
    from cloudsync_gen.engine.generate import Progress, Rendering
    from cloudsync_gen.engine.planning import Due
    from cloudsync_gen.engine.reconcile import Plan, Scope

_encode = msgspec.msgpack.Encoder().encode
_judged = msgspec.msgpack.Decoder(Judged)

_LARGE = 20_000
"""Elements; what judging so many takes for itself would lie beside all that comes after it."""

_FAULTS = ("publication", "schemas", "sources")
"""`contracts.compile.FAULTS`, of which nothing is imported while its verdicts hold."""


class Checked(Struct, frozen=True, kw_only=True):
    """The model after all rules; `model` is absent when it could not be read far enough.
    `diagnostics` are told, `waived` are not (comments beside the text, entries of the baseline).
    `layers`: code of a rule -> the layers whose elements it read; absent of what may have read all.
    """

    model: Model | None
    diagnostics: tuple[Diagnostic, ...]
    sources: SourceMap
    waived: tuple[Diagnostic, ...] = ()
    layers: Mapping[str, frozenset[str]] = {}


class Compiled(Struct, frozen=True, kw_only=True):
    """A model after all rules and its contracts; these are absent when an error stands before.
    `traces`: what is known of the model.
    """

    checked: Checked
    contracts: Contracts | None
    traces: Traces | None = None


class Generated(Struct, frozen=True, kw_only=True):
    """What the model implies, not yet written; `rendered` is absent when an error stands before
    it. The model itself is gone by then: it would lie beside its output. `owned` tells what is
    still asked about it.
    """

    checked: Checked
    rendered: tuple[Output, ...] | None
    diagnostics: tuple[Diagnostic, ...]
    owned: Owned


PLAIN = Waivers()
"""Comments beside the text, and no baseline."""


class Judging(Struct, frozen=True):
    """By which rules a model is judged, and what may stay."""

    rules: tuple[Rule, ...]
    waivers: Waivers


def read_model(root: Path) -> Tree:
    """The text of `model/` below a root."""
    return Stowed(contents_below(root, "model"), Spool())


def memory(store: Store) -> ParseCache:
    """What earlier runs of this very code, with these very libraries, made of texts."""
    return ParseCache(store.pack.read, store.pack.write, _salt())


def memory_apart(store: Store) -> ParseCache:
    """The same of what is large, each piece of it by itself."""
    return ParseCache(store.read, store.write, _salt())


def _salt() -> bytes:
    return digest_of_package() + index.environment().encode()


def check(
    tree: Tree,
    rules: Iterable[Rule] = RULES,
    store: Store | None = None,
    waivers: Waivers = PLAIN,
) -> Checked:
    """All findings over a model. Rules are silent about what could not be read: what looks missing
    may only be misspelt.
    """
    store, rules = store or Store(None), tuple(rules)
    read = _read(tree, store, waivers)
    verdicts = _verdicts(read, store)
    judged = _begun(read, rules, verdicts, None)()
    _save(store, verdicts.traces if verdicts else None)
    return _checked(read, judged, Judging(rules, waivers))


def examine(
    tree: Tree,
    rules: Iterable[Rule] = RULES,
    store: Store | None = None,
    crew: Crew | None = None,
    waivers: Waivers = PLAIN,
) -> Checked:
    """What `compile_model` finds, for less: nothing is put together again while what it would be
    made of is the same.
    """
    store, crew, rules = store or Store(None), crew or Crew(1), tuple(rules)
    read = _read(tree, store, waivers)
    verdicts = _verdicts(read, store)
    judged = _begun(read, rules, verdicts, crew)
    made = _faults(verdicts) if verdicts is not None else ()
    checked = _checked(read, judged(), Judging(rules, waivers))
    _save(store, verdicts.traces if verdicts else None)
    return _with(checked, made)


def _save(store: Store, traces: Traces | None) -> None:
    """Keeps what is new for the next run."""
    if traces is not None:
        traces.save()
    store.pack.save()


def affected(checked: Checked, files: frozenset[str]) -> Checked:
    """Only what a change of some files can affect (see `rules.affected`)."""
    if checked.model is None or not checked.model.whole or MANIFEST in files:
        return checked
    of = partial(narrowed, model=checked.model, layers=checked.layers, files=files)
    return structs.replace(
        checked, diagnostics=tuple(of(checked.diagnostics)), waived=tuple(of(checked.waived))
    )


def _is_large(model: Model | None) -> bool:
    return model is not None and len(model.elements) > _LARGE


def _faults(verdicts: Verdicts) -> tuple[Diagnostic, ...] | Exception:
    """What keeps contracts from being put together, or what was raised in looking for that."""
    known = {name: verdicts.known(f"faults of {name}") for name in _FAULTS}
    try:
        for name in (name for name, verdict in known.items() if verdict is None):
            from cloudsync_gen.contracts.compile import FAULTS

            with noting():
                made = verdicts.made(FAULTS[name])
            known[name] = verdicts.remember(f"faults of {name}", made)
    except Exception as error:
        return error
    return tuple(fault for each in known.values() if each is not None for fault in each.found)


def _faults_of(model: Model) -> tuple[Diagnostic, ...] | Exception:
    """The same of a model of which nothing is remembered."""
    from cloudsync_gen.contracts.compile import faults_of_contracts

    try:
        return faults_of_contracts(model)
    except Exception as error:
        return error


class _Read(Struct, frozen=True, kw_only=True):
    """A model as far as it can be read, before any rule; absent without a usable manifest."""

    model: Model | None
    complete: bool
    found: tuple[Diagnostic, ...]
    sources: SourceMap
    tree: Tree

    @property
    def compilable(self) -> Model | None:
        """The model, if its contracts may be put together."""
        return self.model if self.complete and not has_errors(self.found) else None


def _read(tree: Tree, store: Store, waivers: Waivers) -> _Read:
    sources = SourceMap(tree, LOCATORS, waivers.texts)
    loaded = load(tree, memory(store))
    if loaded.value is None:
        found = loaded.diagnostics
        return _Read(model=None, complete=False, found=found, sources=sources, tree=tree)
    linked = link(loaded.value)
    return _Read(
        model=structs.replace(linked.value, disagreements=Later(linked.value, disagreements)),
        complete=loaded.value.complete,
        found=(*loaded.diagnostics, *linked.diagnostics),
        sources=sources,
        tree=tree,
    )


def _verdicts(read: _Read, store: Store) -> Verdicts | None:
    """What is known of a model that says clearly what it is; nothing holds of any other."""
    if read.model is None or read.found or not read.complete or not read.model.whole:
        return None
    digests = {file: blake2b(text, digest_size=16).digest() for file, text in read.tree.items()}
    traces = Traces(read.model, digests, MANIFEST, memory_apart(store))
    return Verdicts(read.model, traces, memory(store))


def _begun(
    read: _Read, rules: tuple[Rule, ...], verdicts: Verdicts | None, crew: Crew | None
) -> Callable[[], Judged]:
    """Begins to judge; what is returned waits for the end of it."""
    if verdicts is not None:
        beside = partial(crew.beside, apart=_is_large(read.model)) if crew else None
        return judging.begun(rules, verdicts, beside)
    if crew is None:
        return lambda: judging.plainly(read.model, rules)
    answer = crew.beside(lambda: _encode(judging.plainly(read.model, rules)))
    return lambda: _judged.decode(answer())


def _checked(read: _Read, judged: Judged, by: Judging) -> Checked:
    said = comments_with(read.tree, secret_literal.IN_COMMENT)
    aside = (*strays(read.tree), *secret_literal.in_comments(said, by.rules))
    found = ordered((*read.found, *judged.found, *aside), read.sources)
    waivers = by.waivers
    written, wrong = suppressions(read.tree) if waivers.comments else ([], [])
    if written or wrong or waivers.baseline:
        places = ((each, each.span or read.sources.span(each.ref)) for each in found)
        whole = read.complete and read.model is not None and read.model.whole
        made = waive(places, written, waivers, by.rules if whole else ())
        found = merged(made.told, (*made.new, *wrong), read.sources)
        waived = made.waived
    else:
        waived = ()
    return Checked(
        model=read.model if read.complete else None,
        diagnostics=found,
        sources=read.sources,
        waived=waived,
        layers=judged.layers,
    )


def compile_model(
    tree: Tree,
    rules: Iterable[Rule] = RULES,
    store: Store | None = None,
    crew: Crew | None = None,
    waivers: Waivers = PLAIN,
) -> Compiled:
    """`check`, and then whether the contracts can be put together; `checked` holds all findings.

    A crew judges the model while its contracts are put together. What goes wrong there counts only
    where no rule has an error.
    """
    store = store or Store(None)
    made = _compiled_of(tree, tuple(rules), store, crew or Crew(1), waivers)
    _save(store, made.traces)
    return made


def _compiled_of(
    tree: Tree, rules: tuple[Rule, ...], store: Store, crew: Crew, waivers: Waivers
) -> Compiled:
    read = _read(tree, store, waivers)
    verdicts = _verdicts(read, store)
    judged = _begun(read, rules, verdicts, crew)
    traces, model = verdicts.traces if verdicts is not None else None, read.compilable
    made: tuple[Diagnostic, ...] | Exception = ()
    if model is not None:
        made = _faults(verdicts) if verdicts is not None else _faults_of(model)
    checked = _checked(read, judged(), Judging(rules, waivers))
    if model is None or has_errors(checked.diagnostics):
        return Compiled(checked=checked, contracts=None, traces=traces)
    checked = _with(checked, made)
    if has_errors(checked.diagnostics):
        return Compiled(checked=checked, contracts=None, traces=traces)
    from cloudsync_gen.contracts.compile import known_contracts

    if _is_large(model):
        dropped()
    contracts = known_contracts(watched(model), memory(store))
    return Compiled(checked=checked, contracts=contracts, traces=traces)


def _with(checked: Checked, made: tuple[Diagnostic, ...] | Exception) -> Checked:
    """With what putting contracts together found, or raising what it raised."""
    if has_errors(checked.diagnostics):
        return checked
    if isinstance(made, Exception):
        raise made
    found = merged(checked.diagnostics, made, checked.sources)
    return structs.replace(checked, diagnostics=found)


def generate(
    tree: Tree,
    scope: Scope,
    store: Store,
    jobs: int,
    *,
    rules: Iterable[Rule] = RULES,
    progress: Progress | None = None,
    waivers: Waivers = PLAIN,
) -> Generated:
    """Everything that the model implies, as bytes. Nothing is rendered from a model with errors."""
    with Crew(jobs, PRELOAD, Spool(store.folder)) as crew:
        if not store.seen(digest_of_package()):
            crew.expect_much()
        made, rendering = _begun_to_render(tree, tuple(rules), scope, store, crew, waivers)
        if rendering is None:
            return made
        rendered = rendering.files(progress)
    if scope.whole:
        store.note(digest_of_package())
    unusable = paths.findings(each.path for each in rendered)
    found = merged(made.diagnostics, unusable, made.checked.sources)
    kept = None if has_errors(found) else rendered
    return structs.replace(made, rendered=kept, diagnostics=found)


def _begun_to_render(
    tree: Tree, rules: tuple[Rule, ...], scope: Scope, store: Store, crew: Crew, waivers: Waivers
) -> tuple[Generated, Rendering | None]:
    """What is told of the model, and its output under way, unless an error stands before that. Of
    the model and its contracts, which take more room than all output, nothing else is left.
    """
    made = _compiled_of(tree, rules, store, crew, waivers)
    checked, model, traces = made.checked, made.checked.model, made.traces
    rendering, found = None, checked.diagnostics
    if model is not None and made.contracts is not None:
        rendering, new = _rendering(model, made, scope, store, crew)
        found = merged(found, new, checked.sources)
    told = Generated(
        checked=structs.replace(checked, model=None),
        rendered=None,
        diagnostics=found,
        owned=owned(model, ((each.element, each.ref.file) for each in found)),
    )
    del made, checked, model
    if rendering is not None and rendering.much:
        dropped()
    _save(store, traces)
    store.put_away()
    return told, rendering


def _rendering(
    model: Model, made: Compiled, scope: Scope, store: Store, crew: Crew
) -> tuple[Rendering | None, tuple[Diagnostic, ...]]:
    """Contracts are judged while files are rendered; what is said of an invalid one comes first."""
    from cloudsync_gen.engine.generate import Rendering, Work
    from cloudsync_gen.targets import TARGETS

    validation = _validation(model, made, store, crew)
    if _is_large(model):
        dropped()
    work = Work(files_of, {target.name: target.view for target in TARGETS})
    try:
        with noting():
            rendering = Rendering(_due(model, made, scope), work, store, crew)
    except Unplannable as error:
        return None, (*validation(), *_unplannable(model, error))
    found = validation()
    return None if has_errors(found) else rendering, found


def _validation(
    model: Model, made: Compiled, store: Store, crew: Crew
) -> Callable[[], tuple[Diagnostic, ...]]:
    """Begins to judge contracts; what is returned waits for the end of it. Those that are known to
    be what they were, and valid, are not judged.
    """
    from cloudsync_gen.contracts.trials import tried
    from cloudsync_gen.contracts.validate import Validation

    contracts, traces = made.contracts, made.traces
    if contracts is None:
        return lambda: ()
    submit = partial(crew.submit, tried, long=True)
    with noting():
        due = traces.compiled(contracts) if traces is not None else None
    validation = Validation(model, contracts, memory(store), submit, due)

    def findings() -> tuple[Diagnostic, ...]:
        found = validation.findings()
        if traces is not None and due is not None and not found:
            traces.valid(due)
        return found

    return findings


def units(model: Model, contracts: Contracts, scope: Scope) -> Iterable[Unit]:
    """The units in scope, of all targets."""
    from cloudsync_gen.targets import TARGETS

    for target in TARGETS:
        for unit in target.units(model, contracts):
            if scope.covers(unit.name, unit.target):
                yield unit


def _due(model: Model, made: Compiled, scope: Scope) -> Iterable[Due]:
    """The units in scope, viewed where what they read has changed."""
    from cloudsync_gen.engine.planning import Planning
    from cloudsync_gen.targets import TARGETS

    contracts, seen = made.contracts, watched(model)
    assert contracts is not None
    for target in TARGETS:
        planning = Planning(target.name, partial(target.units, seen, contracts), made.traces)
        yield from planning.due(partial(scope.covers, target=target.name))


def plan(
    root: Path, rendered: Sequence[Output], scope: Scope, untouched: Set[str] = frozenset()
) -> Plan:
    """The rendered files against the lock and the disk; `untouched`: see `engine.index`. Raises
    `engine.disk.Unsafe`.
    """
    from cloudsync_gen.engine.reconcile import reconcile
    from cloudsync_gen.targets import TARGETS

    open_below = (folder for target in TARGETS for folder in target.open_below)
    return reconcile(root, rendered, scope, open_below, untouched)


def files_of(unit: Unit) -> Iterable[Planned]:
    """The files of a unit, by its target."""
    from cloudsync_gen.targets import BY_NAME

    return BY_NAME[unit.target].files(unit.view)


PRELOAD = (
    "cloudsync_gen.pipeline",
    "cloudsync_gen.engine.forms.preload",
    "cloudsync_gen.contracts.trials",
    "openapi_spec_validator",
)
"""What workers need, unless the model is very small."""


def _unplannable(model: Model, error: Unplannable) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(
            code="GEN002",
            name="unfitting-message",
            severity=Severity.ERROR,
            ref=model.ref(element),
            message=what,
            hint="give the message or the field what the input and output say that it carries, or "
            "those the properties of the message",
            element=element,
        )
        for element, what in error.faults
    )
