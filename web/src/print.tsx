// What is printed: the first screen, and the findings by rule, as a paper that a manager can read.
import type { Report } from "./data";
import { counted, day, Severity } from "./format";
import { FAIL } from "./model";
import { Overview } from "./overview";
import { Prose } from "./prose";
import { nameOf } from "./sources";

const MOST = 12;  // objects of a rule

export function Paper({ report }: { report: Report }) {
  const { findings } = report.tables;
  const groups = new Map<number, number[]>();
  findings.rule.forEach((rule, row) => {
    if (findings.status[row] !== FAIL) return;
    const group = groups.get(rule);
    if (group) group.push(row);
    else groups.set(rule, [row]);
  });
  const worst = (rows: number[]) => rows.reduce((rank, row) => Math.max(rank, findings.severity[row]!), -1);
  const ordered = [...groups].map(([rule, rows]) => ({ rule: report.head.rules[rule]!, rows, rank: worst(rows) }));
  ordered.sort((a, b) => b.rank - a.rank || b.rows.length - a.rows.length);
  return (
    <>
      <p class="quiet">regaudit {report.head.version}, {day(report.head.asOf)}</p>
      <Overview report={report} />
      <h1>Findings</h1>
      {ordered.map(({ rule, rows, rank }) => (
        <section class="paper" key={rule.id}>
          <h2><Severity rank={rank} /> {rule.title} <span class="quiet">{counted(rows.length, "finding")}, {rule.id}</span></h2>
          <Prose blocks={rule.why.slice(0, 1)} />
          <ul>{rows.slice(0, MOST).map((row) => <li key={row}><strong>{nameOf(report, findings.object[row]!)}</strong>: {findings.message[row]}</li>)}</ul>
          {rows.length > MOST && <p class="quiet">and {counted(rows.length - MOST, "more finding")}</p>}
        </section>
      ))}
    </>
  );
}
