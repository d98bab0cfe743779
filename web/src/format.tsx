// Small things that several views show.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { SEVERITIES } from "./model";

const number = new Intl.NumberFormat("en");
export const counted = (count: number, noun: string) => `${number.format(count)} ${noun}${count === 1 ? "" : "s"}`;
export const grouped = (count: number) => number.format(count);
export const day = (time: string | null | undefined) => time?.slice(0, 10) ?? "";

export function Severity({ rank, likely }: { rank: number; likely?: boolean }) {
  const name = SEVERITIES[rank];
  return name ? <span class={`severity ${name}`}>{name}{likely ? <span class="likely"> likely</span> : null}</span> : <span class="none">none</span>;
}

/** Whether an address may be a link: the report has addresses that others chose. */
export const isLink = (address: string | null | undefined): address is string => !!address && /^https:\/\/[\w./#~:&?=%-]+$/.test(address);

export function Outside({ to, children }: { to: string; children: ComponentChildren }) {
  return isLink(to) ? <a href={to} target="_blank" rel="noopener noreferrer">{children}</a> : <>{children}</>;
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [state, set] = useState("Copy");
  const copy = async () => {
    set((await copied(text)) ? "Copied" : "Press Ctrl+C");
    setTimeout(() => set("Copy"), 2000);
  };
  return <button type="button" class="copy" onClick={copy} aria-label={`${state} ${what}`}><span aria-live="polite">{state}</span></button>;
}

/** A file that was opened from a disk has no clipboard of its own everywhere: then a selection is copied. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
