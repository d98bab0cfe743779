// A table of many rows: search, filters, sorting, groups, columns to choose. What is chosen is in the address.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { counted, grouped } from "./format";
import { address, change, type Route } from "./route";
import { useMatches, useVirtual } from "./virtual";

type Value = string | number | null;
export interface Column {
  id: string; label: string;
  /** For sorting and, where there is no `text`, for search and CSV. */
  value: (row: number) => Value;
  text?: (row: number) => string;
  cell?: (row: number) => ComponentChildren;
  /** A width of CSS grid. */
  width: string;
  isHidden?: boolean; isNumber?: boolean; descending?: boolean;
  /** Where a row is a card, on a narrow screen. */
  isOnCard?: boolean;
}
export interface Choice { id: string; label: string; options: [value: string, label: string][]; matches: (row: number, value: string) => boolean }
export interface Source {
  name: string; noun: string; count: number; columns: Column[]; choices: Choice[];
  /** The order without a choice: "-severity". */
  order: string;
  /** Texts that a search looks through, in lower case. */
  searched: (row: number) => string;
  owners: (row: number) => string[];
  /** Where a row leads. */
  to: (row: number) => string;
}
type Item = number | { owner: string; count: number };

const ROW = 36, CARD = 92;

export function Table({ source, route }: { source: Source; route: Route }) {
  const { params } = route;
  const query = (params.get("q") ?? "").toLowerCase();
  const order = params.get("sort") ?? source.order;
  const isGrouped = params.get("group") === "owner";
  const chosen = source.choices.map((choice) => params.get(choice.id) ?? "");
  const columns = shownColumns(source, params);
  const texts = useTexts(source);

  const rows = useMemo(() => {
    const words = query.split(/\s+/).filter(Boolean);
    const kept: number[] = [];
    for (let row = 0; row < source.count; row++) {
      if (!source.choices.every((choice, i) => !chosen[i] || choice.matches(row, chosen[i]!))) continue;
      if (words.length && !words.every((word) => texts(row).includes(word))) continue;
      kept.push(row);
    }
    return sorted(source, kept, order);
  }, [source, query, order, chosen.join("\n")]);
  const items = useMemo(() => (isGrouped ? byOwner(source, rows) : rows), [rows, isGrouped]);
  const isFiltered = query !== "" || chosen.some(Boolean);

  return (
    <section class="table-view" aria-labelledby="table-title">
      <h1 id="table-title">{source.name}</h1>
      <div class="tools" role="search">
        <Search key={route.path} route={route} noun={source.noun} />
        {source.choices.filter((choice) => choice.options.length > 1).map((choice) => (
          <label class="choice" key={choice.id}>
            <span>{choice.label}</span>
            <select value={params.get(choice.id) ?? ""} onChange={(event) => change(route, { [choice.id]: event.currentTarget.value })}>
              <option value="">All</option>
              {choice.options.map(([value, label]) => <option value={value} key={value}>{label}</option>)}
            </select>
          </label>
        ))}
        <label class="check">
          <input type="checkbox" checked={isGrouped} onChange={() => change(route, { group: isGrouped ? "" : "owner" })} /> Group by owner
        </label>
        <ColumnChoice source={source} columns={columns} route={route} />
        <button type="button" onClick={() => download(source, columns, rows)}>CSV</button>
        {isFiltered && <a class="clear" href={address(route.path)}>Clear filters</a>}
      </div>
      <p class="count" role="status">
        {isFiltered ? `${grouped(rows.length)} of ${counted(source.count, source.noun)}` : counted(rows.length, source.noun)}
      </p>
      <Grid source={source} columns={columns} items={items} order={order} route={route} />
    </section>
  );
}

function Grid({ source, columns, items, order, route }: { source: Source; columns: Column[]; items: Item[]; order: string; route: Route }) {
  const scroller = useRef<HTMLDivElement>(null);
  const isNarrow = useMatches("(max-width: 720px)");
  const virtual = useVirtual(items.length, isNarrow ? CARD : ROW, scroller);
  const [active, setActive] = useState(-1);
  const cells = isNarrow ? columns.filter((column) => column.isOnCard) : columns;
  useEffect(() => { setActive(-1); virtual.scrollToOffset(0); }, [items]);

  const move = (to: number) => {
    const next = Math.max(0, Math.min(items.length - 1, to));
    setActive(next);
    virtual.scrollToIndex(next);
  };
  const pressed = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? ROW) / (isNarrow ? CARD : ROW)) - 2);
    const ways: Record<string, number> = {
      ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: items.length - 1,
    };
    if (event.key in ways && items.length) {
      event.preventDefault();
      move(ways[event.key]!);
    } else if (event.key === "Enter" && event.target === scroller.current) {
      const item = items[active];
      if (typeof item === "number") location.hash = source.to(item);
    }
  };
  const template = cells.map((column) => column.width).join(" ");
  const minWidth = isNarrow ? undefined : `${cells.reduce((sum, column) => sum + Number(/[\d.]+/.exec(column.width)?.[0] ?? 0), 0)}rem`;
  const [by, isDown] = [order.replace(/^-/, ""), order.startsWith("-")];

  return (
    <div
      class={`grid ${isNarrow ? "cards" : ""}`} ref={scroller} role="grid" tabIndex={0} aria-label={source.name} onKeyDown={pressed}
      aria-rowcount={items.length + 1} aria-colcount={cells.length} aria-activedescendant={active >= 0 ? `row-${active}` : undefined}
    >
      <div role="rowgroup" class="head" style={{ minWidth }}>
        <div class="row" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
          {cells.map((column) => (
            <div role="columnheader" key={column.id} aria-sort={column.id === by ? (isDown ? "descending" : "ascending") : "none"}>
              <button type="button" onClick={() => change(route, { sort: next(column, order, source.order) })}>
                {column.label}<span class="arrow" aria-hidden="true">{column.id === by ? (isDown ? " ↓" : " ↑") : ""}</span>
              </button>
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" class="body" style={{ height: `${virtual.getTotalSize()}px`, minWidth }}>
        {virtual.getVirtualItems().map(({ index, start, size }) => {
          const item = items[index];
          if (item === undefined) return null;
          const place = { transform: `translateY(${start}px)`, height: `${size}px` };
          const shared = { id: `row-${index}`, role: "row" as const, "aria-rowindex": index + 2 };
          if (typeof item !== "number") {
            return (
              <div {...shared} key={index} class={`row group ${index === active ? "active" : ""}`} style={place}>
                <div role="gridcell" aria-colspan={cells.length}><strong>{item.owner}</strong> <span class="quiet">{counted(item.count, source.noun)}</span></div>
              </div>
            );
          }
          return (
            <div
              {...shared} key={index} class={`row ${index === active ? "active" : ""}`} style={{ ...place, gridTemplateColumns: template }}
              aria-selected={index === active}
              onClick={(event) => { if (!(event.target as Element).closest("a") && !getSelection()?.toString()) location.hash = source.to(item); }}
            >
              {cells.map((column) => (
                <div role="gridcell" key={column.id} class={`${column.isNumber ? "number" : ""} of-${column.id}`} title={shown(column, item)}>
                  {column.cell ? column.cell(item) : shown(column, item)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {items.length === 0 && <p class="empty">Nothing matches these filters.</p>}
    </div>
  );
}

function Search({ route, noun }: { route: Route; noun: string }) {
  const [text, set] = useState(route.params.get("q") ?? "");
  const [own, setOwn] = useState(text);
  const current = route.params.get("q") ?? "";
  useEffect(() => { if (current !== own) { set(current); setOwn(current); } }, [current]);
  useEffect(() => {
    if (text === own) return;
    const later = setTimeout(() => { setOwn(text); change(route, { q: text }, true); }, 120);
    return () => clearTimeout(later);
  }, [text]);
  return (
    <label class="search">
      <span>Search {noun}s</span>
      <input type="search" value={text} onInput={(event) => set(event.currentTarget.value)} autocomplete="off" spellcheck={false} />
    </label>
  );
}

function ColumnChoice({ source, columns, route }: { source: Source; columns: Column[]; route: Route }) {
  const ids = columns.map((column) => column.id);
  const toggle = (id: string) => {
    const wanted = source.columns.map((column) => column.id).filter((one) => (one === id ? !ids.includes(id) : ids.includes(one)));
    if (wanted.length) change(route, { cols: wanted.join(",") });
  };
  return (
    <details class="columns">
      <summary>Columns</summary>
      <fieldset>
        <legend class="hidden">Columns to show</legend>
        {source.columns.map((column) => (
          <label key={column.id}><input type="checkbox" checked={ids.includes(column.id)} onChange={() => toggle(column.id)} /> {column.label}</label>
        ))}
      </fieldset>
    </details>
  );
}

const shown = (column: Column, row: number) => column.text?.(row) ?? String(column.value(row) ?? "");

function shownColumns(source: Source, params: URLSearchParams): Column[] {
  const wanted = params.get("cols")?.split(",");
  const found = source.columns.filter((column) => (wanted ? wanted.includes(column.id) : !column.isHidden));
  return found.length ? found : source.columns.filter((column) => !column.isHidden);
}

/** The texts that a search looks through, each made once. */
function useTexts(source: Source): (row: number) => string {
  return useMemo(() => {
    const made: string[] = [];
    return (row: number) => (made[row] ??= source.searched(row));
  }, [source]);
}

/** The order after a click on the head of a column: one way, the other way, the table's own. */
function next(column: Column, order: string, own: string): string {
  const first = column.descending ? `-${column.id}` : column.id;
  const second = column.descending ? column.id : `-${column.id}`;
  const then = order === first ? second : order === second ? "" : first;
  return then === own ? "" : then;
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function sorted(source: Source, rows: number[], order: string): number[] {
  const sign = order.startsWith("-") ? -1 : 1;
  const column = source.columns.find((one) => one.id === order.replace(/^-/, ""));
  if (!column) return rows;
  const values = new Map(rows.map((row) => [row, column.value(row)] as const));
  // Texts are ranked once: comparing them by the collator takes a hundred times as long as comparing numbers.
  const texts = [...new Set([...values.values()].filter((value): value is string => typeof value === "string"))].sort(collator.compare);
  const ranks = new Map(texts.map((text, rank) => [text, rank] as const));
  const rank = (row: number) => { const value = values.get(row); return typeof value === "string" ? ranks.get(value)! : value ?? null; };
  const keys = new Map(rows.map((row) => [row, rank(row)] as const));
  return rows.sort((one, other) => {
    const [a, b] = [keys.get(one) ?? null, keys.get(other) ?? null];
    if (a === b) return one - other;
    return a === null ? 1 : b === null ? -1 : sign * (a - b);  // what is not known comes last either way
  });
}

function byOwner(source: Source, rows: number[]): Item[] {
  const groups = new Map<string, number[]>();
  for (const row of rows) for (const owner of source.owners(row)) {
    const group = groups.get(owner);
    if (group) group.push(row);
    else groups.set(owner, [row]);
  }
  return [...groups].sort((one, other) => other[1].length - one[1].length).flatMap(([owner, of]) => [{ owner, count: of.length }, ...of]);
}

/** What a spreadsheet would take for a formula is a text. */
const cellOf = (text: string) => {
  const plain = /^[\s]*[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

function download(source: Source, columns: Column[], rows: number[]): void {
  const lines = [columns.map((column) => cellOf(column.label)), ...rows.map((row) => columns.map((column) => cellOf(shown(column, row))))];
  const blob = new Blob(["\ufeff", lines.map((line) => line.join(",")).join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${source.noun.replaceAll(" ", "-")}s.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
