// The page of an object: what is wrong with it and how to fix it, and all that the report knows of it.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { detailsOf, type Report } from "./data";
import { Copy, counted, day, Outside, Severity } from "./format";
import { type Details, FAIL, type FindingDetails, KINDS, type Permission, type Risk, SEVERITIES, STATES, STATUSES, TIERS } from "./model";
import { Fix, Prose } from "./prose";
import { address } from "./route";
import { nameOf, ownersOf, placeOf, reachText, toObject } from "./sources";

export function ObjectPage({ report, object, rule }: { report: Report; object: number; rule: string }) {
  const [details, set] = useState<Details | null>(null);
  const { objects } = report.tables;
  const isThere = object >= 0 && object < objects.kind.length;
  useEffect(() => {
    let isCurrent = true;
    set(null);
    if (!isThere) return;
    void detailsOf(object, report.head.some).then((found) => { if (isCurrent) set(found); });
    return () => { isCurrent = false; };
  }, [object]);
  if (!isThere) return <p class="page">There is no such object in this report. <a href={address("registrations")}>All registrations</a></p>;
  const name = nameOf(report, object);
  const file = objects.file[object];
  const place = placeOf(file === null ? null : report.head.files[file!]!, objects.line[object]!);
  return (
    <article class="page" aria-labelledby="name">
      <p class="quiet crumbs"><a href={address("registrations")}>Registrations</a> › {KINDS[objects.kind[object]!]}</p>
      <h1 id="name">{name}</h1>
      <dl class="facts">
        <Fact name="Application ID" value={objects.appId[object]} copy />
        <Fact name="Object ID" value={objects.objectId[object]} copy />
        <Fact name="Owners" value={ownersOf(report, object).join(", ")} />
        <Fact name="Accounts" value={objects.audience[object]} />
        <Fact name="Created" value={day(objects.created[object])} />
        <Fact name="Reach" value={reachText(objects.reach[object]!)} />
        <Fact name="Service reference" value={objects.team[object]} />
        <Fact name="Tags" value={objects.tags[object]!.join(", ")} />
        <Fact name="Tenant" value={report.head.tenants.length > 1 ? report.head.tenants[objects.tenant[object]!] : ""} />
        <Fact name="File" value={place} />
        {details?.portal && <div><dt>Portal</dt><dd><Outside to={details.portal}>Open in the portal</Outside></dd></div>}
      </dl>
      {details ? <Found report={report} object={object} details={details} rule={rule} /> : <p role="status">Unpacking…</p>}
    </article>
  );
}

function Fact({ name, value, copy }: { name: string; value: string | null | undefined; copy?: boolean }) {
  return value ? <div><dt>{name}</dt><dd>{value} {copy && <Copy text={value} what={name} />}</dd></div> : null;
}

function Found({ report, object, details, rule }: { report: Report; object: number; details: Details; rule: string }) {
  const rows = report.findingsOf(object);
  const { findings } = report.tables;
  const order = [...rows.keys()].sort((a, b) => {
    const rank = (i: number) => (findings.status[rows[i]!] === FAIL ? 10 : 0) + findings.severity[rows[i]!]!;
    return rank(b) - rank(a);
  });
  const inventory = details.inventory;
  return (
    <>
      <Areas areas={details.areas} missing={details.missing} />
      {inventory?.risk && <Places risk={inventory.risk} />}
      <section aria-labelledby="findings">
        <h2 id="findings">{rows.length ? counted(rows.length, "finding") : "No findings"}</h2>
        {order.map((i) => <One key={i} report={report} row={rows[i]!} details={details.findings[i]!} rule={rule} isOpen={order.length <= 3} />)}
      </section>
      <Credentials report={report} object={object} />
      {inventory && <>
        <Permissions title="API permissions" rows={inventory.permissions} last="Consent" of={(one) => one.granted ?? "not known"} />
        <Permissions title="Granted permissions" rows={inventory.grants} last="Consent" of={(one) => (one.users ? `${one.consent ?? "user"} (${counted(one.users, "user")})` : one.consent ?? "not known")} />
        <List title="Directory roles" rows={inventory.roles?.map((one) => [one.name ?? one.definition_id ?? "not known", one.tier ?? "not known", one.scope === "/" ? "whole tenant" : one.scope ?? "not known"])} />
        <List title="Redirect URIs" rows={inventory.redirect_uris?.map((one) => [one.uri, one.platform])} />
        <List title="Application ID URIs" rows={inventory.identifier_uris?.map((one) => [one])} />
        <List title="Federated credentials" rows={inventory.federated?.map((one) => [one.name, one.issuer ?? "", one.subject ?? ""])} />
        <List title="Owners" rows={inventory.owners?.map((one) => [one.name, one.kind ?? "", one.object_id ?? ""])} />
        {inventory.incomplete.length > 0 && <p class="quiet">There may be more: {inventory.incomplete.join(", ")}.</p>}
      </>}
      {inventory === null && <p class="quiet">This report has no inventory of the object.</p>}
      {details.connector && <List title="Connector" rows={Object.entries(details.connector).filter(([name, value]) => ASKED.includes(name) && value !== null).map(([name, value]) => [name.replaceAll("_", " "), Array.isArray(value) ? value.join(" ") : String(value)])} />}
      <Same report={report} object={object} />
    </>
  );
}
const ASKED = ["identity_provider", "client_id", "tenant_id", "resource_uri", "scopes", "redirect_mode", "redirect_uri", "on_behalf_of"];

function Areas({ areas, missing }: { areas: Record<string, string>; missing: string[] }) {
  const names = Object.entries(areas);
  if (!names.length) return null;
  return (
    <section aria-labelledby="areas-of">
      <h2 id="areas-of" class="hidden">Areas</h2>
      <ul class="areas">{names.map(([area, status]) => <li key={area} class={status}><span>{area}</span> <em>{status.replace("-", " ")}</em></li>)}</ul>
      {missing.length > 0 && <details><summary>Not evaluated: {counted(missing.length, "reason")}</summary><ul>{missing.map((one) => <li key={one}>{one}</li>)}</ul></details>}
    </section>
  );
}

function Places({ risk }: { risk: Risk }) {
  const places = [["How far it reaches", risk.reach, risk.reach_reasons], ["How others get in", risk.exposure, risk.exposure_reasons]] as const;
  return (
    <section aria-labelledby="places">
      <h2 id="places">Reach and exposure</h2>
      <dl class="facts">{places.map(([name, place, reasons]) => <div key={name}><dt>{name}</dt><dd>{place}{reasons.length > 0 && <ul>{reasons.map((one) => <li key={one}>{one}</li>)}</ul>}</dd></div>)}</dl>
    </section>
  );
}

function One({ report, row, details, rule, isOpen }: { report: Report; row: number; details: FindingDetails; rule: string; isOpen: boolean }) {
  const { findings } = report.tables;
  const of = report.head.rules[findings.rule[row]!]!;
  const status = findings.status[row]!;
  const place = placeOf(findings.file[row]!, findings.line[row]!, findings.column[row]!);
  return (
    <details class={`finding ${status === FAIL ? "" : "accepted"}`} open={isOpen || rule === of.id}>
      <summary>
        <Severity rank={findings.severity[row]!} likely={!!findings.likely[row]} />
        <span class="message">{findings.message[row]}</span>
        {status !== FAIL && <span class="status">{STATUSES[status]}</span>}
        {findings.change[row] && findings.change[row] !== "known" && <span class="status">{findings.change[row]}</span>}
      </summary>
      <div class="inside">
        <p class="quiet">
          {of.page ? <Outside to={of.page}>{of.id}</Outside> : of.id}: {of.title}{of.codes.map((code) => ` · AADSTS${code}`).join("")}
          {findings.highest[row]! >= 0 ? ` · may be ${SEVERITIES[findings.highest[row]!]}` : ""}
        </p>
        {details.accepted && <p class="note">{details.accepted}</p>}
        <dl class="facts">
          <Fact name="Property" value={findings.property[row]} />
          <Fact name="Value" value={details.actual} />
          <Fact name="Place" value={place} copy />
          {details.portal && <div><dt>Portal</dt><dd><Outside to={details.portal}>Open in the portal</Outside></dd></div>}
          <Fact name="Also found by" value={details.standsFor?.join(", ")} />
        </dl>
        {details.related && <List title="Related" rows={details.related.map((one) => [one.label, placeOf(one.file, one.line)])} level={3} />}
        <h3>Why it matters</h3>
        <Prose blocks={of.why} />
        {details.fix && <><h3>Fix</h3><Fix blocks={report.head.fixes[details.fix[0]]!} values={details.fix[1]} shells={report.head.shells} shell={report.head.shell} /></>}
        {of.references.length > 0 && <p class="quiet">{of.references.map((to, i) => <span key={to}>{i ? " · " : ""}<Outside to={to}>{to.replace(/^https:\/\//, "")}</Outside></span>)}</p>}
        <p class="quiet">Finding {details.id} <Copy text={details.id} what="the ID of the finding" /></p>
      </div>
    </details>
  );
}

function Credentials({ report, object }: { report: Report; object: number }) {
  const { credentials: all } = report.tables;
  const rows: number[] = [];
  all.object.forEach((of, row) => { if (of === object) rows.push(row); });
  if (!rows.length) return null;
  const times = rows.flatMap((row) => [all.start[row], all.end[row]]).filter((time): time is string => time !== null).map(Date.parse);
  const now = Date.parse(report.head.asOf);
  const [from, to] = [Math.min(now, ...times), Math.max(now, ...times)];
  const at = (time: string | null, otherwise: number) => (time === null ? otherwise : (100 * (Date.parse(time) - from)) / Math.max(1, to - from));
  const today = (100 * (now - from)) / Math.max(1, to - from);
  return (
    <section aria-labelledby="credentials">
      <h2 id="credentials">Credentials</h2>
      <Scroll label="Credentials">
        <table>
          <thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">State</th><th scope="col">Begins</th><th scope="col">Ends</th><th scope="col" class="wide">Time</th></tr></thead>
          <tbody>
            {rows.map((row) => {
              const [begin, end] = [at(all.start[row]!, 0), at(all.end[row]!, 100)];
              return (
                <tr key={row}>
                  <td>{all.name[row] ?? all.keyId[row]}</td><td>{all.kind[row] ? "certificate" : "client secret"}</td>
                  <td><span class={`state s${all.state[row]}`}>{STATES[all.state[row]!]}</span></td><td>{day(all.start[row])}</td><td>{day(all.end[row]) || "not known"}</td>
                  <td class="wide">
                    <svg width="100%" height="14" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
                      <rect class="track" y="5" width="100" height="4" /><rect class={`span s${all.state[row]}`} x={begin} y="3" width={Math.max(0.5, end - begin)} height="8" /><rect class="now" x={today} width="0.6" height="14" />
                    </svg>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function Permissions({ title, rows, last, of }: { title: string; rows: Permission[] | null | undefined; last: string; of: (one: Permission) => string }) {
  if (!rows?.length) return null;
  const rank = (tier: string | null) => { const at = TIERS.indexOf(tier ?? ""); return at < 0 ? TIERS.length : at; };
  return (
    <section>
      <h2>{title}</h2>
      <Scroll label={title}>
        <table>
          <thead><tr><th scope="col">Permission</th><th scope="col">API</th><th scope="col">Kind</th><th scope="col">Tier</th><th scope="col">{last}</th></tr></thead>
          <tbody>
            {[...rows].sort((a, b) => rank(a.tier) - rank(b.tier)).map((one, i) => (
              <tr key={i}>
                <td>{one.permission ?? one.permission_id ?? "not known"}</td><td>{one.resource_name ?? one.resource_app_id}</td><td>{one.kind}</td>
                <td><span class={`tier t${rank(one.tier)}`}>{one.tier ?? "not known"}</span></td><td>{of(one)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function List({ title, rows, level = 2 }: { title: string; rows: string[][] | null | undefined; level?: 2 | 3 }) {
  if (!rows?.length) return null;
  return (
    <section>
      {level === 2 ? <h2>{title}</h2> : <h3>{title}</h3>}
      <Scroll label={title}><table><tbody>{rows.map((cells, i) => <tr key={i}>{cells.map((cell, j) => <td key={j}>{cell}</td>)}</tr>)}</tbody></table></Scroll>
    </section>
  );
}

/** The other objects of the same application: a registration and its service principals. */
function Same({ report, object }: { report: Report; object: number }) {
  const { objects } = report.tables;
  const id = objects.appId[object];
  if (!id) return null;
  const others: number[] = [];
  objects.appId.forEach((other, row) => { if (row !== object && other === id) others.push(row); });
  return others.length ? <section><h2>The same application</h2><ul>{others.map((row) => <li key={row}><a href={toObject(row)}>{nameOf(report, row)}</a> <span class="quiet">{KINDS[objects.kind[row]!]}, {counted(objects.findings[row]!, "finding")}</span></li>)}</ul></section> : null;
}

const Scroll = ({ label, children }: { label: string; children: ComponentChildren }) => <div class="scroll" tabIndex={0} role="region" aria-label={label}>{children}</div>;
