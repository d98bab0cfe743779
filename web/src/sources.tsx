// The three tables: objects, findings, credentials.
import type { Report } from "./data";
import { day, grouped, Severity } from "./format";
import { FAIL, KINDS, POWER, SEVERITIES, STATES, STATUSES, TIERS, WAY_IN } from "./model";
import { address } from "./route";
import type { Choice, Source } from "./table";

export const NO_OWNER = "no owner", NOT_KNOWN = "owners not known";

export const ownersOf = (report: Report, object: number): string[] => {
  const owners = report.tables.objects.owners[object];
  return owners === null || owners === undefined ? [NOT_KNOWN] : owners.length ? owners : [NO_OWNER];
};
export const nameOf = (report: Report, object: number): string => {
  const { name, kind, appId, objectId, tenant } = report.tables.objects;
  return name[object] || (kind[object] === 3 ? report.head.tenants[tenant[object]!] || "Tenant" : appId[object] || objectId[object] || "(no name)");
};
export const toObject = (object: number) => address(`object/${object}`);
export const reachText = (reach: number) => [reach & POWER ? "powerful permissions" : "", reach & WAY_IN ? "a way in" : ""].filter(Boolean).join(", ");
export const tierText = (tier: number | null) => (tier === null ? "" : TIERS[tier] ?? "");
export const placeOf = (file: string | null, line: number | null, column: number | null = null) => [file, line, column].filter((part) => part !== null && part !== "").join(":");

const ranked = (names: string[]): [string, string][] => names.map((name, rank): [string, string] => [String(rank), name]).reverse();

function most(counts: Map<string, number>, limit: number): [string, string][] {
  return [...counts].sort((one, other) => other[1] - one[1]).slice(0, limit).map(([name, count]) => [name, `${name} (${grouped(count)})`]);
}

function tenantChoice(report: Report, of: (row: number) => number): Choice {
  const options = report.head.tenants.map((name, i): [string, string] => [String(i), name || `Tenant ${i + 1}`]);
  const { tenant } = report.tables.objects;
  return { id: "tenant", label: "Tenant", options, matches: (row, value) => String(tenant[of(row)]) === value };
}

function ownerChoice(report: Report, rows: number, of: (row: number) => number): Choice {
  const counts = new Map<string, number>();
  for (let row = 0; row < rows; row++) for (const owner of ownersOf(report, of(row))) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return { id: "owner", label: "Owner", options: most(counts, 300), matches: (row, value) => ownersOf(report, of(row)).includes(value) };
}

export function objects(report: Report): Source {
  const { objects: all } = report.tables;
  const count = all.kind.length;
  const kinds = [...new Set(all.kind)].sort().map((kind): [string, string] => [String(kind), KINDS[kind]!]);
  return {
    name: "Registrations", noun: "object", count, order: "-worst",
    to: toObject,
    owners: (row) => ownersOf(report, row),
    searched: (row) => [all.name[row], all.appId[row], all.objectId[row], all.owners[row]?.join(" "), all.tags[row]?.join(" "), all.team[row], all.file[row] !== null ? report.head.files[all.file[row]!] : ""].join(" ").toLowerCase(),
    choices: [
      { id: "kind", label: "Kind", options: kinds, matches: (row, value) => String(all.kind[row]) === value },
      { id: "worst", label: "Worst, at least", options: ranked(SEVERITIES), matches: (row, value) => all.worst[row]! >= Number(value) },
      { id: "reach", label: "Reach", options: [["3", "power and a way in"], ["1", "powerful permissions"], ["2", "a way in"]], matches: (row, value) => (all.reach[row]! & Number(value)) === Number(value) },
      ownerChoice(report, count, (row) => row),
      tenantChoice(report, (row) => row),
    ],
    columns: [
      { id: "name", label: "Name", width: "minmax(12rem, 2fr)", value: (row) => nameOf(report, row), cell: (row) => <a href={toObject(row)} tabIndex={-1}>{nameOf(report, row)}</a>, isOnCard: true },
      { id: "kind", label: "Kind", width: "minmax(8rem, 1fr)", value: (row) => KINDS[all.kind[row]!]!, isOnCard: true },
      { id: "worst", label: "Worst", width: "6.5rem", value: (row) => (all.worst[row]! < 0 ? null : all.worst[row]!), text: (row) => SEVERITIES[all.worst[row]!] ?? "", cell: (row) => <Severity rank={all.worst[row]!} />, descending: true, isOnCard: true },
      { id: "findings", label: "Findings", width: "6rem", value: (row) => all.findings[row]!, isNumber: true, descending: true, isOnCard: true },
      { id: "tier", label: "Permissions", width: "7.5rem", value: (row) => (all.tier[row] ?? null), text: (row) => tierText(all.tier[row]!), isHidden: !report.head.hasInventory },
      { id: "reach", label: "Reach", width: "minmax(9rem, 1fr)", value: (row) => all.reach[row]! || null, text: (row) => reachText(all.reach[row]!), descending: true },
      { id: "owner", label: "Owners", width: "minmax(9rem, 1.2fr)", value: (row) => ownersOf(report, row).join(", ") },
      { id: "expiry", label: "Next expiry", width: "7.5rem", value: (row) => all.expiry[row]!, text: (row) => day(all.expiry[row]) },
      { id: "audience", label: "Accounts", width: "minmax(9rem, 1fr)", value: (row) => all.audience[row]!, isHidden: true },
      { id: "secrets", label: "Secrets", width: "6rem", value: (row) => all.secrets[row]!, isNumber: true, descending: true, isHidden: true },
      { id: "certificates", label: "Certificates", width: "7rem", value: (row) => all.certificates[row]!, isNumber: true, descending: true, isHidden: true },
      { id: "federated", label: "Federated", width: "6.5rem", value: (row) => all.federated[row]!, isNumber: true, descending: true, isHidden: true },
      { id: "created", label: "Created", width: "7rem", value: (row) => all.created[row]!, text: (row) => day(all.created[row]), isHidden: true },
      { id: "appId", label: "Application ID", width: "21rem", value: (row) => all.appId[row]!, isHidden: true },
      { id: "objectId", label: "Object ID", width: "21rem", value: (row) => all.objectId[row]!, isHidden: true },
      { id: "team", label: "Service reference", width: "9rem", value: (row) => all.team[row]!, isHidden: true },
      { id: "tags", label: "Tags", width: "10rem", value: (row) => all.tags[row]!.join(", "), isHidden: true },
      { id: "tenant", label: "Tenant", width: "minmax(9rem, 1fr)", value: (row) => report.head.tenants[all.tenant[row]!]!, isHidden: report.head.tenants.length < 2 },
      { id: "place", label: "Place", width: "minmax(9rem, 1fr)", value: (row) => placeOf(all.file[row] === null ? null : report.head.files[all.file[row]!]!, all.line[row]!), isHidden: true },
    ],
  };
}

export function findings(report: Report): Source {
  const { findings: all } = report.tables;
  const { rules } = report.head;
  const rule = (row: number) => rules[all.rule[row]!]!;
  const count = all.rule.length;
  const byRule = new Map<string, number>(), areas = new Map<string, number>();
  for (let row = 0; row < count; row++) {
    byRule.set(rule(row).id, (byRule.get(rule(row).id) ?? 0) + 1);
    areas.set(rule(row).area, (areas.get(rule(row).area) ?? 0) + 1);
  }
  const statuses = [...new Set(all.status)].sort((a, b) => b - a).map((status): [string, string] => [String(status), STATUSES[status]!]);
  const changes = [...new Set(all.change)].filter((one): one is string => one !== null).map((one): [string, string] => [one, one]);
  return {
    name: "Findings", noun: "finding", count, order: "-severity",
    to: (row) => address(`object/${all.object[row]}`, { rule: rule(row).id }),
    owners: (row) => ownersOf(report, all.object[row]!),
    searched: (row) => [all.message[row], rule(row).id, rule(row).title, nameOf(report, all.object[row]!), report.tables.objects.appId[all.object[row]!], all.file[row], ...rule(row).codes.map((code) => `AADSTS${code}`)].join(" ").toLowerCase(),
    choices: [
      { id: "severity", label: "Severity", options: ranked(SEVERITIES), matches: (row, value) => all.severity[row] === Number(value) },
      { id: "status", label: "Status", options: statuses, matches: (row, value) => all.status[row] === Number(value) },
      { id: "change", label: "Change", options: changes, matches: (row, value) => all.change[row] === value },
      { id: "area", label: "Area", options: most(areas, 100), matches: (row, value) => rule(row).area === value },
      { id: "rule", label: "Rule", options: most(byRule, 400), matches: (row, value) => rule(row).id === value },
      ownerChoice(report, count, (row) => all.object[row]!),
      tenantChoice(report, (row) => all.object[row]!),
    ],
    columns: [
      { id: "severity", label: "Severity", width: "7.5rem", value: (row) => all.severity[row]! * 4 + (all.status[row] === FAIL ? 2 : 0) + (all.likely[row] ? 0 : 1), text: (row) => SEVERITIES[all.severity[row]!]!, cell: (row) => <Severity rank={all.severity[row]!} likely={!!all.likely[row]} />, descending: true, isOnCard: true },
      { id: "object", label: "Object", width: "minmax(10rem, 1.2fr)", value: (row) => nameOf(report, all.object[row]!), isOnCard: true },
      { id: "message", label: "Finding", width: "minmax(18rem, 4fr)", value: (row) => all.message[row]!, isOnCard: true },
      { id: "rule", label: "Rule", width: "minmax(10rem, 1.3fr)", value: (row) => rule(row).id },
      { id: "area", label: "Area", width: "9rem", value: (row) => rule(row).area, isHidden: true },
      { id: "status", label: "Status", width: "6.5rem", value: (row) => STATUSES[all.status[row]!]!, isHidden: statuses.length < 2 },
      { id: "change", label: "Change", width: "7rem", value: (row) => all.change[row]!, isHidden: !changes.length },
      { id: "owner", label: "Owners", width: "minmax(9rem, 1fr)", value: (row) => ownersOf(report, all.object[row]!).join(", "), isHidden: true },
      { id: "place", label: "Place", width: "minmax(9rem, 1.2fr)", value: (row) => placeOf(all.file[row]!, all.line[row]!, all.column[row]!) || all.property[row]! },
      { id: "property", label: "Property", width: "minmax(9rem, 1.2fr)", value: (row) => all.property[row]!, isHidden: true },
      { id: "tenant", label: "Tenant", width: "minmax(9rem, 1fr)", value: (row) => report.head.tenants[report.tables.objects.tenant[all.object[row]!]!]!, isHidden: report.head.tenants.length < 2 },
    ],
  };
}

export function credentials(report: Report): Source {
  const { credentials: all } = report.tables;
  const count = all.object.length;
  const states = [...new Set(all.state)].sort().map((state): [string, string] => [String(state), STATES[state]!]);
  const months = [...new Set(all.end.map((end) => end?.slice(0, 7) ?? ""))].filter(Boolean).sort().map((month): [string, string] => [month, month]);
  const left = (row: number) => { const end = all.end[row]; return end ? Math.floor((Date.parse(end) - Date.parse(report.head.asOf)) / 86_400_000) : null; };
  return {
    name: "Credentials", noun: "credential", count, order: "end",
    to: (row) => toObject(all.object[row]!),
    owners: (row) => ownersOf(report, all.object[row]!),
    searched: (row) => [all.name[row], all.keyId[row], nameOf(report, all.object[row]!), report.tables.objects.appId[all.object[row]!], ownersOf(report, all.object[row]!).join(" ")].join(" ").toLowerCase(),
    choices: [
      { id: "state", label: "State", options: states, matches: (row, value) => all.state[row] === Number(value) },
      { id: "kind", label: "Kind", options: [["0", "client secret"], ["1", "certificate"]], matches: (row, value) => all.kind[row] === Number(value) },
      { id: "month", label: "Ends in", options: months, matches: (row, value) => all.end[row]?.startsWith(value) ?? false },
      ownerChoice(report, count, (row) => all.object[row]!),
    ],
    columns: [
      { id: "end", label: "Ends", width: "7rem", value: (row) => all.end[row]!, text: (row) => day(all.end[row]) || "not known", isOnCard: true },
      { id: "left", label: "Days left", width: "6rem", value: left, isNumber: true },
      { id: "state", label: "State", width: "8rem", value: (row) => STATES[all.state[row]!]!, cell: (row) => <span class={`state s${all.state[row]}`}>{STATES[all.state[row]!]}</span>, isOnCard: true },
      { id: "kind", label: "Kind", width: "8rem", value: (row) => (all.kind[row] ? "certificate" : "client secret"), isOnCard: true },
      { id: "object", label: "Object", width: "minmax(12rem, 2fr)", value: (row) => nameOf(report, all.object[row]!), cell: (row) => <a href={toObject(all.object[row]!)} tabIndex={-1}>{nameOf(report, all.object[row]!)}</a>, isOnCard: true },
      { id: "name", label: "Name", width: "minmax(9rem, 1.5fr)", value: (row) => all.name[row]! },
      { id: "owner", label: "Owners", width: "minmax(9rem, 1fr)", value: (row) => ownersOf(report, all.object[row]!).join(", ") },
      { id: "start", label: "Begins", width: "7rem", value: (row) => all.start[row]!, text: (row) => day(all.start[row]), isHidden: true },
      { id: "keyId", label: "Key ID", width: "21rem", value: (row) => all.keyId[row]!, isHidden: true },
    ],
  };
}
