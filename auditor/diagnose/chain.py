"""A connector's way to its API, link by link: what the rules say of each, in the order in which a sign-in needs them.

Nothing is checked here: a chain is selected from the verdicts of an audit. A link has the rules that speak of it; of a rule of the
client or the API it has what that said of the registration, or of those of its subjects that the connector depends on. Faults of less
than medium severity do not break a link: they are remarks.

A link fits (`pass`) where its rules passed; it is broken (`fail`), certainly or likely; else it is open (`not-evaluated`). What was
checked is said of all of them, so that a rule which lacks something hides nothing. Some rules may lack it and the link fits all the
same (`minor`): what they look for is rare, and no download has it. A link behind a broken one is open, unless it is broken itself.
A link that only accepted findings would break is `waived`, or `baselined`: it neither counts nor fits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from auditor.diagnose.checked import statements
from auditor.diagnose.portal import way
from auditor.display import clean, counted, show
from auditor.engine.finding import Finding, Outcome, Says, Verdict
from auditor.engine.gate import EMPTY, Cause, Gate, Shortfall, counts, strictly, unread
from auditor.engine.identity import numbered, subject_key
from auditor.engine.rows import identity_of
from auditor.facts import App, Connector, Fact, RequestedPermission, RequestedResource, Resource, ServicePrincipal
from auditor.facts.connector_scope import ConnectorScope
from auditor.joins.world import World
from auditor.report.rows import FindingRow
from auditor.report.tables import finding_row
from auditor.report.verdict import nothing
from auditor.results import Report
from auditor.severity import Certainty, Severity, Status
from auditor.unknown import Reason, Unknown, Unread, known

_BREAKS = Severity.medium
ACCEPTED = (Status.waived.value, Status.baselined.value)


Reach = Callable[[Connector], Any]  # from a connector to a fact, or a list of facts, that it depends on; null where there is none


def _connector(connector: Connector) -> Connector:
    return connector


def _client(connector: Connector) -> App | None:
    return connector.client


def _client_principal(connector: Connector) -> ServicePrincipal | None:
    return connector.client_principal


def _requested(connector: Connector) -> RequestedResource | None:
    return connector.requested


def _requested_permissions(connector: Connector) -> list[RequestedPermission] | None:
    return None if connector.requested is None else connector.requested.permissions


def _permissions(connector: Connector) -> list[RequestedPermission]:
    return connector.permissions


def _scopes(connector: Connector) -> list[ConnectorScope] | list[RequestedPermission] | None:
    """The scopes that it names, else the permissions that it is configured for."""
    return connector.named_scopes or connector.permissions or None


def _resource(connector: Connector) -> Resource | None:
    return connector.resource


def _resource_app(connector: Connector) -> App | None:
    return None if connector.resource is None else connector.resource.app


def _resource_principal(connector: Connector) -> ServicePrincipal | None:
    return None if connector.resource is None else connector.resource.service_principal


def _federated(connector: Connector) -> Any:
    return None if connector.client is None else connector.client.federated_credentials


def _with_registrations(connector: Connector) -> bool:
    return connector.with_registrations


class Step(NamedTuple):
    """A rule, the root that it is asked about, and which of its subjects; None: all of them."""

    rule: str
    root: Reach = _connector
    subjects: Reach | None = None
    remark: bool = False  # it does not break the link, whatever its severity
    minor: bool = False  # the link fits where this was not evaluated; it is said that it was not
    says: str | None = None  # the rule whose statement says that it passed; None: its own
    sure: Reach | None = None  # the fact of which a likely failure lacks the value; None: what the link is about


class Link(NamedTuple):
    name: str
    what: Reach
    steps: tuple[Step, ...]


LINKS = (
    Link("connector", _connector, (
        Step("connector-client-id-invalid"), Step("connector-secret-is-id"), Step("connector-tenant-invalid"),
        Step("connector-login-host"), Step("connector-login-cloud", minor=True), Step("connector-oauth-endpoints"),
        Step("connector-oauth-versions"),
        Step("connector-scope-malformed"), Step("connector-resource-missing"),
    )),
    Link("client", _client, (
        Step("connector-client-first-party"), Step("connector-client-is-object-id"), Step("connector-client-missing"),
        Step("connector-tenant-other", minor=True), Step("connector-tenant-common"), Step("app-deactivated", _client, minor=True),
        Step("connector-redirect-unregistered"), Step("connector-redirect-on-spa"), Step("connector-redirect-on-public-client"),
        Step("sample-redirect-not-spa"), Step("connector-no-credential", sure=_federated), Step("secret-expired", _client),
        Step("credential-all-expired", _client, minor=True), Step("secret-expiring", _client, remark=True),
    )),
    Link("client's service principal", _client_principal, (
        Step("sp-missing", _client), Step("sp-disabled", _client), Step("sp-assignment-required-nobody", _client_principal),
    )),
    Link("permission", _requested, (
        Step("connector-resource-not-requested"), Step("connector-permission-not-delegated"),
    )),
    Link("scope", _scopes, (
        Step("connector-scope-unknown-api"), Step("connector-scope-missing"), Step("connector-scope-is-role"),
        Step("connector-scope-other-resource"), Step("connector-scope-not-requested"), Step("connector-scope-none"),
        Step("perm-unknown-id", _client, _requested_permissions), Step("perm-disabled", _client, _requested_permissions),
        Step("perm-wrong-type", _client, _requested_permissions),
    )),
    Link("resource", _resource, (
        Step("connector-resource-no-scheme"), Step("connector-resource-trailing-slash"), Step("connector-resource-unknown"),
        Step("connector-client-is-resource"), Step("connector-accounts-mismatch"), Step("connector-tenant-consumers"),
        Step("connector-host-audience"),
        Step("app-deactivated", _resource_app, minor=True), Step("connector-token-version"), Step("connector-token-version-on-client"),
        Step("api-config-token-version-mismatch"), Step("api-config-audience"),
    )),
    Link("resource's service principal", _resource_principal, (
        Step("sp-missing", _resource_app, says="perm-resource-missing"), Step("perm-resource-missing", _client, _requested),
        Step("perm-resource-disabled", _client, _requested), Step("app-id-uri-not-on-sp", _resource_app),
        Step("sp-assignment-required-nobody", _resource_principal),
    )),
    Link("consent", _permissions, (
        Step("perm-requested-not-granted", _client, _permissions), Step("perm-granted-to-some", _client, _permissions),
        Step("connector-obo-not-preauthorized"), Step("connector-obo-principal-missing"),
    )),
)  # fmt: skip
# Rules of connectors that are no link: what they find does not keep a connector from working today.
ASIDE = (
    "connector-redirect-mode",
    "connector-oauth-generic",
    "connector-oauth-no-refresh",
    "connector-secret-in-file",
    "connector-key-in-policy",
    "connector-api-http",
    "saved-client-secret",
    "connector-multi-tenant",
)
RULES = tuple(dict.fromkeys([step.rule for link in LINKS for step in link.steps] + list(ASIDE)))


class Unchecked(msgspec.Struct):
    """Rules of a link that could not be evaluated, for one reason."""

    rules: list[str]
    reason: str
    remedy: str | None  # what would make it known
    portal: str | None  # where the portal shows it, or what it offers for download


class Judged(msgspec.Struct):
    """A link of one connector. `findings` break it, `remarks` do not."""

    link: str
    status: str  # pass: it fits; fail: it is broken; not-evaluated: it is open; waived, baselined: what breaks it is accepted
    certainty: Certainty | None  # of a broken link: likely where all of its findings are
    what: str | None
    checked: list[str]  # what was checked and is right, by name and value
    unchecked: list[Unchecked]
    reason: str | None  # why it is not evaluated
    remedy: str | None  # what would make it known; of a link that is likely broken what would make sure
    portal: str | None
    rules: list[str]  # those that passed, failed or could not be evaluated
    findings: list[FindingRow]
    remarks: list[FindingRow]


class Chain(msgspec.Struct):
    """A connector with its links."""

    connector: str
    connector_id: str | None
    kind: str
    identity_provider: str | None
    file: str
    line: int
    pointer: str
    status: str  # that of its worst link; not-applicable where it does not sign in through Microsoft Entra ID
    links: list[Judged]
    remarks: list[FindingRow]
    summary: str = ""  # how many links fit, are broken, are open


def _walked(world: World) -> Iterator[Connector]:
    return (connector for connector in world.connectors if connector.signs_in_by_itself)


def roots(world: World) -> list[Any]:
    """What the rules of all links are asked about, each once: connectors and what they depend on."""
    reaches = dict.fromkeys(step.root for link in LINKS for step in link.steps)
    found = (_reached(reach, connector) for connector in _walked(world) for reach in reaches)
    return list({id(root): root for root in found if root is not None and not isinstance(root, Unknown)}.values())


def chains(report: Report) -> Iterator[Chain]:
    """One for each connector of a report on `only` these roots, that was made with RULES."""
    outcomes = {outcome.rule.id: outcome for outcome in report.outcomes}
    for world in report.worlds:
        for connector in _walked(world):
            yield _chain(connector, outcomes, report)


def gate(found: list[Chain], report: Report, *, strict: bool = False) -> Gate:
    """What the chains come to: each broken link counts. `strict`: a link that could not be evaluated is not done."""
    if report.is_empty or not (found or report.errors):
        return Gate(_BREAKS, 0, [] if report.allow_empty else [EMPTY])
    links = Counter(link.status for chain in found for link in chain.links)
    missing = unread(len(report.errors), report.count("errors"))
    gaps = links["not-evaluated"]
    if not missing and gaps == links.total() > 0 and all(chain.links for chain in found):
        missing.append(Shortfall(Cause.nothing_checked, "no link could be evaluated", gaps))
    return Gate(_BREAKS, links["fail"], missing + (strictly(gaps, "link") if strict else []))


def verdict(found: list[Chain], gate: Gate) -> str:
    """fail: 1 of 2 connectors has broken links: 2 of 16 links broken; 3 links not evaluated"""
    links = Counter(link.status for chain in found for link in chain.links)
    if not found:
        return f"{gate.head}: {nothing(gate)}"
    gaps = f"; {counted(links['not-evaluated'], 'link')} not evaluated" if links["not-evaluated"] else ""
    if gate.nothing_known:
        return f"{gate.head}: {nothing(gate)}{gaps}"
    if not links["fail"]:
        return f"{gate.head}: no broken link in {counted(len(found), 'connector')}{gaps}"
    broken = sum(chain.status == "fail" for chain in found)
    verb = "has" if broken == 1 else "have"
    connectors = f"{broken:,} of {counted(len(found), 'connector')} {verb} broken links"
    likely = sum(link.certainty is Certainty.likely for chain in found for link in chain.links)
    rest = f" ({likely:,} likely)" if likely else ""
    return f"{gate.head}: {connectors}: {links['fail']:,} of {counted(links.total(), 'link')} broken{rest}{gaps}"


def overview(found: list[Chain]) -> str | None:
    """How many connectors sign in through Microsoft Entra ID, and what would let most of what is open be checked."""
    entra = [chain for chain in found if chain.links]
    if not found or (len(found) < 2 and entra):
        return None
    verb = "signs" if len(entra) == 1 else "sign"
    text = f"{len(entra):,} of {counted(len(found), 'connector')} {verb} in through Microsoft Entra ID"
    ways: dict[str, Counter[str]] = {}
    for link in (link for chain in entra for link in chain.links if link.status == "not-evaluated"):
        if closes := link.portal or link.remedy:
            ways.setdefault(link.reason or "", Counter())[closes] += 1
    if not ways:
        return text
    reason = max(ways, key=lambda why: ways[why].total())
    (closes, _), *others = ways[reason].most_common()
    return f"{text}. Most of what is open lacks: {reason}. To get it{', for example' if others else ''}: {closes}"


def _chain(connector: Connector, outcomes: dict[str, Outcome], report: Report) -> Chain:
    of, document = identity_of(connector), connector.document
    provider = connector.identity_provider
    entra: Any = connector.entra
    links: list[Judged] = []
    if isinstance(entra, Unknown) or entra:
        for link in LINKS:
            if connector.kind == "api" and link.name in _CLIENTS:
                continue
            links.append(_judged(link, connector, outcomes, links, report))
    remarks = [finding_row(row) for rule in ASIDE if rule in outcomes for row in _findings(outcomes[rule].of(connector).values())]
    statuses = {link.status for link in links}
    status = next((status for status in ("fail", "not-evaluated", *ACCEPTED, "pass") if status in statuses), "not-applicable")
    return Chain(
        show(connector), of.object_id, connector.kind, None if isinstance(provider, Unknown) else clean(provider),
        document.file.shown, document.line, clean(document.pointer, 1000), status, links, remarks, _summary(links),
    )  # fmt: skip


def _summary(links: list[Judged]) -> str:
    """3 of 8 links fit, 1 is broken, 4 are open: this does not mean that the connector works."""
    number = Counter("likely" if link.certainty is Certainty.likely else link.status for link in links)
    said = [f"{number['pass']} of {counted(len(links), 'link')} {'fits' if number['pass'] == 1 else 'fit'}"]
    words = {"fail": "broken", "likely": "likely broken", "not-evaluated": "open", **{word: word for word in ACCEPTED}}
    for status, word in words.items():
        if number[status]:
            said.append(f"{number[status]} {'is' if number[status] == 1 else 'are'} {word}")
    text = ", ".join(said)
    unseen = not number["fail"] and not number["likely"] and number["not-evaluated"]
    return text + (": what is open was not checked, so this does not mean that the connector works" if unseen else "")


_CLIENTS = ("client", "client's service principal", "permission", "consent")  # the configuration of an API has none


def _judged(link: Link, connector: Connector, outcomes: dict[str, Outcome], before: list[Judged], report: Report) -> Judged:
    asked = [(step, _verdicts(step, outcomes[step.rule], connector)) for step in link.steps if step.rule in outcomes]
    breaking: list[FindingRow] = []
    remarks: list[FindingRow] = []
    accepted: set[str] = set()
    there = {id(row) for _, verdicts in asked for row in _findings(verdicts)}
    for step, verdicts in asked:
        gave_way = outcomes[step.rule].gave_way
        for row in _findings(verdicts):
            if id(row) in gave_way and id(gave_way[id(row)]) in there:
                continue  # the other says the same, of this link
            breaks = row.status is Status.error or (counts(row, _BREAKS) and not step.remark)
            (breaking if breaks else remarks).append(finding_row(row))
            if row.status.value in ACCEPTED and row.severity >= _BREAKS and not step.remark:
                accepted.add(row.status.value)
    asked = [(step, verdicts) for step, verdicts in asked if not step.remark]
    spoke = [step.rule for step, verdicts in asked if any(verdict.says is not Says.not_applicable for verdict in verdicts)]
    what = _reached(link.what, connector)
    reason = None if breaking else _open(link, what, asked, connector, before)
    fits = next((status for status in ACCEPTED if status in accepted), "pass")
    status = "fail" if breaking else fits if reason is None else "not-evaluated"
    certainty = None
    lacking = reason if isinstance(reason, Reason) else None
    if breaking:
        certainty = Certainty.likely if all(row.certainty is Certainty.likely for row in breaking) else Certainty.certain
        if certainty is Certainty.likely:
            lacking = _makes_sure(link, connector, {row.rule_id for row in breaking})
    named = None if isinstance(what, Unknown) or what is None else _named(what)
    why = clean(str(reason), 1000) if reason else None
    return Judged(
        link.name, status, certainty, named, _checked(asked, connector), _unchecked(link, asked, connector, report), why,
        report.remedy(lacking) if lacking else None, way(lacking, link.name, connector) if lacking else None, spoke, breaking, remarks,
    )  # fmt: skip


_Asked = list[tuple[Step, list[Verdict]]]


def _open(link: Link, what: Any, asked: _Asked, connector: Connector, before: list[Judged]) -> Reason | str | None:
    """Why a link is open; None where it fits."""
    if (broken := next((judged.link for judged in before if judged.status == "fail"), None)) is not None:
        return f"after the {broken}, which is {'likely ' * _is_likely(before, broken)}broken"
    if isinstance(what, Unknown):
        return what.key
    gaps = (verdict.reason for step, verdicts in asked if not step.minor for verdict in verdicts if verdict.reason is not None)
    if (gap := next(gaps, None)) is not None:
        return gap
    if isinstance(given := _reached(_with_registrations, connector), Unknown):
        return given.key  # the catalog knows Microsoft's APIs, but nobody looked at this client
    if what is None or not any(verdict.says in (Says.passed, Says.failed) for _, verdicts in asked for verdict in verdicts):
        return _unlooked(link, connector)
    return None


def _is_likely(before: list[Judged], link: str) -> bool:
    return any(judged.link == link and judged.certainty is Certainty.likely for judged in before)


def _makes_sure(link: Link, connector: Connector, rules: set[str]) -> Reason | None:
    """What is not known of a link that is likely broken."""
    reaches = [step.sure or link.what for step in link.steps if step.rule in rules]
    unknown = next((value for value in (_reached(reach, connector) for reach in reaches) if isinstance(value, Unknown)), None)
    return unknown.key if unknown is not None else None


def _checked(asked: _Asked, connector: Connector) -> list[str]:
    passed = [step for step, verdicts in asked if any(verdict.says is Says.passed for verdict in verdicts) and not _findings(verdicts)]
    return list(dict.fromkeys(said for step in passed for said in statements(step.says or step.rule, connector)))


def _unchecked(link: Link, asked: _Asked, connector: Connector, report: Report) -> list[Unchecked]:
    lacking: dict[Reason, list[str]] = {}
    for step, verdicts in asked:
        for reason in dict.fromkeys(verdict.reason for verdict in verdicts if verdict.reason is not None):
            lacking.setdefault(reason, []).append(step.rule)
    return [
        Unchecked(rules, clean(str(reason), 1000), report.remedy(reason), way(reason, link.name, connector))
        for reason, rules in lacking.items()
    ]


def _unlooked(link: Link, connector: Connector) -> str | None:
    """Why no rule said that a link is in order; None where the API's preauthorization says it."""
    preauthorized: Any = connector.preauthorized
    if link.name in ("permission", "scope", "consent") and isinstance(preauthorized, bool) and preauthorized:
        return None
    return "no rule applied"


def _verdicts(step: Step, outcome: Outcome, connector: Connector) -> list[Verdict]:
    """What the rule of a step said of all that the step asks about."""
    root = _reached(step.root, connector)
    if root is None or isinstance(root, Unknown):
        return []
    verdicts = outcome.of(root)
    if step.subjects is None:
        return list(verdicts.values())
    subjects = _reached(step.subjects, connector)
    if subjects is None:
        return []
    if isinstance(subjects, Unknown):
        return [Verdict(Says.not_evaluated, subjects.key)]
    twins = Counter[str]()
    keys = {numbered(subject_key(root, one), twins) for one in (known(subjects) if isinstance(subjects, list) else [subjects])}
    said = [verdict for key, verdict in verdicts.items() if key in keys or verdict.says is Says.error]
    if (gap := getattr(subjects, "unknown", None)) is not None:
        said.append(Verdict(Says.not_evaluated, gap.key))
    return said


def _findings(verdicts: Iterable[Verdict]) -> list[Finding]:
    return [verdict.finding for verdict in verdicts if verdict.finding is not None]


def _reached(reach: Reach, connector: Connector) -> Any:
    """A value, None where there is none, or an Unknown."""
    try:
        return reach(connector)
    except Unread as unread:
        return unread.unknown


def _named(what: Any) -> str | None:
    if isinstance(what, list):
        names = [show(one) for one in known(what)]
        return ", ".join(names) or None
    return show(what) if isinstance(what, Fact) else None
