// The first screen: what the run came to, what is worst, what ends when, what was not looked at.
import { useMemo } from "preact/hooks";
import type { Report } from "./data";
import { counted, day, grouped, Severity } from "./format";
import { EXPIRED, type Gap, KINDS, POWER, SEVERITIES, WAY_IN } from "./model";
import { Prose } from "./prose";
import { address } from "./route";
import { nameOf, NO_OWNER, NOT_KNOWN, ownersOf, reachText, toObject } from "./sources";

const MOST = 10, FEW = 7;

export function Overview({ report }: { report: Report }) {
  const { head } = report;
  const [word, rest] = split(head.verdict);
  const state = head.exitCode === 0 ? "pass" : head.exitCode === 1 ? "fail" : "incomplete";
  return (
    <div class="overview">
      <section class={`verdict ${state}`} aria-labelledby="verdict">
        <h1 id="verdict"><span class="word">{word}</span>{rest}</h1>
        {head.incomplete.map((one) => <p key={one}>{capital(one)}.</p>)}
        <p class="quiet">{head.said.join(" ")}</p>
      </section>
      <Severities report={report} />
      <div class="two">
        <First report={report} />
        <div>
          <Areas report={report} />
          <Owners report={report} />
        </div>
      </div>
      <Timeline report={report} />
      <Gaps report={report} />
    </div>
  );
}

function split(verdict: string): [string, string] {
  const at = verdict.indexOf(":");
  return at < 0 ? [verdict, ""] : [verdict.slice(0, at), verdict.slice(at)];
}
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function Severities({ report: { head } }: { report: Report }) {
  return (
    <section aria-labelledby="by-severity">
      <h2 id="by-severity" class="hidden">Findings by severity</h2>
      <ul class="tiles">
        {SEVERITIES.map((name, rank) => {
          const count = head.bySeverity[name] ?? 0;
          return (
            <li key={name}>
              <a class={`tile ${name} ${count ? "" : "zero"}`} href={address("findings", { severity: String(rank) })}>
                <span class="figure">{grouped(count)}</span> <span class="label">{name}</span>
              </a>
            </li>
          );
        }).reverse()}
      </ul>
      {head.likely > 0 && <p class="quiet">{counted(head.likely, "finding")} only likely: each says on what it depends.</p>}
    </section>
  );
}

/** The worst objects, of these the ones with powerful permissions and a way in. */
export function worst(report: Report, most: number): number[] {
  const { worst: ranks, findings, reach } = report.tables.objects;
  const both = (row: number) => Number((reach[row]! & (POWER | WAY_IN)) === (POWER | WAY_IN));
  const rows = [...ranks.keys()].filter((row) => findings[row]! > 0);
  return rows.sort((a, b) => both(b) - both(a) || ranks[b]! - ranks[a]! || reach[b]! - reach[a]! || findings[b]! - findings[a]!).slice(0, most);
}

function First({ report }: { report: Report }) {
  const rows = useMemo(() => worst(report, MOST), [report]);
  const { objects } = report.tables;
  if (!rows.length) return <section class="card"><h2>Look at these first</h2><p>Nothing has a finding.</p></section>;
  return (
    <section class="card" aria-labelledby="first">
      <h2 id="first">Look at these first</h2>
      <ol class="first">
        {rows.map((row) => (
          <li key={row}>
            <Severity rank={objects.worst[row]!} />
            <div>
              <a href={toObject(row)}>{nameOf(report, row)}</a>
              <p class="quiet">
                {[KINDS[objects.kind[row]!], counted(objects.findings[row]!, "finding"), reachText(objects.reach[row]!), ownersOf(report, row).slice(0, 2).join(", ")].filter(Boolean).join(" · ")}
              </p>
            </div>
          </li>
        ))}
      </ol>
      <p class="more"><a href={address("registrations")}>All registrations</a></p>
    </section>
  );
}

function Bars({ rows }: { rows: { name: string; count: number; to: string }[] }) {
  const top = Math.max(1, ...rows.map((row) => row.count));
  return (
    <ul class="bars">
      {rows.map(({ name, count, to }) => (
        <li key={name}>
          <a href={to}><span class="label">{name}</span><span class="figure">{grouped(count)}</span></a>
          <svg width="100%" height="6" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 6">
            <rect class="track" width="100" height="6" /><rect class="bar" width={Math.max(1, (100 * count) / top)} height="6" />
          </svg>
        </li>
      ))}
    </ul>
  );
}

function Areas({ report: { head } }: { report: Report }) {
  const rows = Object.entries(head.byArea).filter(([, count]) => count > 0).slice(0, MOST).map(([name, count]) => ({ name, count, to: address("findings", { area: name }) }));
  return rows.length ? <section class="card" aria-labelledby="areas"><h2 id="areas">Findings by area</h2><Bars rows={rows} /></section> : null;
}

function Owners({ report }: { report: Report }) {
  const rows = useMemo(() => {
    const counts = new Map<string, number>();
    const { findings } = report.tables.objects;
    for (let row = 0; row < findings.length; row++) {
      if (findings[row]) for (const owner of ownersOf(report, row)) counts.set(owner, (counts.get(owner) ?? 0) + findings[row]!);
    }
    return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 6).map(([name, count]) => ({ name, count, to: address("findings", { owner: name }) }));
  }, [report]);
  if (!rows.some((row) => row.name !== NOT_KNOWN && row.name !== NO_OWNER)) return null;
  return <section class="card" aria-labelledby="owners"><h2 id="owners">Findings by owner</h2><Bars rows={rows} /></section>;
}

function Timeline({ report }: { report: Report }) {
  const { credentials } = report.tables;
  const { asOf } = report.head;
  const months = useMemo(() => {
    const [year, month] = [Number(asOf.slice(0, 4)), Number(asOf.slice(5, 7))];
    const names = Array.from({ length: 13 }, (_, i) => new Date(Date.UTC(year, month - 1 + i, 1)).toISOString().slice(0, 7));
    const counts = new Map<string, number>(names.map((name) => [name, 0]));
    let expired = 0, later = 0, unknown = 0;
    credentials.end.forEach((end, row) => {
      if (credentials.state[row] === EXPIRED) expired++;
      else if (end === null) unknown++;
      else if (counts.has(end.slice(0, 7))) counts.set(end.slice(0, 7), counts.get(end.slice(0, 7))! + 1);
      else later++;
    });
    return { rows: [...counts], expired, later, unknown };
  }, [credentials, asOf]);
  if (!credentials.end.length) return null;
  const bars: { label: string; count: number; to: string; kind: string }[] = [
    { label: "Expired", count: months.expired, to: address("credentials", { state: String(EXPIRED) }), kind: "expired" },
    ...months.rows.map(([name, count], i) => ({ label: name, count, to: address("credentials", { month: name }), kind: i < 2 ? "soon" : "" })),
    { label: "Later", count: months.later, to: address("credentials", { sort: "-end" }), kind: "later" },
  ];
  const top = Math.max(1, ...bars.map((bar) => bar.count));
  const width = 100 / bars.length;
  return (
    <section class="card timeline" aria-labelledby="timeline">
      <h2 id="timeline">When credentials end</h2>
      <ul class="chart" aria-label="Credentials by the month in which they end">
        {bars.map(({ label, count, to, kind }, i) => (
          <li key={label} class={`column ${kind}`} style={{ width: `${width}%` }}><a href={to}>
            <span class="figure">{count ? grouped(count) : <span class="hidden">0</span>}<span class="hidden"> {count === 1 ? "credential" : "credentials"}: </span></span>
            <svg height="110" width="100%" viewBox="0 0 10 110" preserveAspectRatio="none" aria-hidden="true">
              <rect x="1.5" width="7" y={110 - Math.max(count ? 3 : 1, (106 * count) / top)} height={Math.max(count ? 3 : 1, (106 * count) / top)} />
            </svg>
            <span class="label">{i === 0 || i === bars.length - 1 ? label : <>{MONTHS[Number(label.slice(5)) - 1]}<span class="year"> {label.endsWith("-01") || i === 1 ? label.slice(0, 4) : ""}</span></>}</span>
          </a></li>
        ))}
      </ul>
      {months.unknown > 0 && <p class="quiet">Of {counted(months.unknown, "credential")} the end is not known.</p>}
    </section>
  );
}
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function Missing({ gap }: { gap: Gap }) {
  return (
    <li>
      <details>
        <summary><strong>{grouped(gap.count)}</strong> {gap.what}: {gap.why}</summary>
        <p class="quiet">Needed by {counted(gap.rules, "rule")}.</p><Prose blocks={gap.remedy} />
      </details>
    </li>
  );
}

function Gaps({ report: { head } }: { report: Report }) {
  const total = head.verdicts.not_evaluated;
  return (
    <div class="two">
      <section class="card" aria-labelledby="gaps">
        <h2 id="gaps">What was not checked</h2>
        {total === 0 && !head.errors.length ? <p>Every check that applies was evaluated.</p> : <p>{counted(total, "check")} could not be evaluated, since data is missing.</p>}
        {head.errors.length > 0 && <><h3>Could not be read</h3><ul>{head.errors.map((one) => <li key={one}>{one}</li>)}</ul></>}
        <ul class="gaps">{head.notEvaluated.slice(0, FEW).map((gap) => <Missing key={gap.what + gap.why} gap={gap} />)}</ul>
        {head.notEvaluated.length > FEW && (
          <details>
            <summary>{counted(head.notEvaluated.length - FEW, "more reason")}</summary>
            <ul class="gaps">{head.notEvaluated.slice(FEW).map((gap) => <Missing key={gap.what + gap.why} gap={gap} />)}</ul>
          </details>
        )}
        {!head.hasInventory && <p>This report has no inventory: run <code>regaudit scan … --output-format html=FILE</code>, or make the JSON report with <code>--inventory</code>, to see owners, permissions and URIs of each registration.</p>}
      </section>
      <section class="card" aria-labelledby="taken">
        <h2 id="taken">What was accepted or left out</h2>
        {head.takenAway.length ? <ul>{head.takenAway.map(([text, isWarning]) => <li key={text} class={isWarning ? "warning" : ""}>{text}</li>)}</ul> : <p>No configuration, waiver or baseline took findings away.</p>}
        {head.minSeverity !== "info" && <p>Findings below severity {head.minSeverity} are counted and not listed.</p>}
        {head.notes.length > 0 && <details><summary>{counted(head.notes.length, "note")} about the input</summary><ul>{head.notes.map((one) => <li key={one}>{one}</li>)}</ul></details>}
        <p class="quiet">regaudit {head.version}, profile {head.profile}, {day(head.asOf)}, --fail-on {head.failOn}. Input: {head.paths.join(", ") || head.tenants.join(", ")}.</p>
      </section>
    </div>
  );
}
