// Reads the data of the report, which is in the page itself: compressed JSON in base64.
import type { Details, Head, Tables } from "./model";

async function unpacked<T>(id: string): Promise<T> {
  const text = document.getElementById(id)?.textContent ?? "";
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text()) as T;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);  // ten times as fast as Uint8Array.from
  return bytes;
}

export interface Report { head: Head; tables: Tables; findingsOf: (object: number) => number[] }

export async function read(): Promise<Report> {
  const [head, tables] = await Promise.all([unpacked<Head>("head"), unpacked<Tables>("tables")]);
  const { object } = tables.findings;
  let first: Map<number, number> | null = null;  // object -> its first row: the rows of an object follow each other
  const findingsOf = (of: number): number[] => {
    if (!first) {
      first = new Map();
      for (let i = object.length - 1; i >= 0; i--) first.set(object[i]!, i);
    }
    const rows: number[] = [];
    for (let i = first.get(of) ?? object.length; i < object.length && object[i] === of; i++) rows.push(i);
    return rows;
  };
  return { head, tables, findingsOf };
}

const packs = new Map<number, Promise<Details[]>>();

/** What the page of an object shows. It is unpacked when somebody first asks for it or its neighbours. */
export async function detailsOf(object: number, some: number): Promise<Details> {
  const pack = Math.floor(object / some);
  if (!packs.has(pack)) packs.set(pack, unpacked<Details[]>(`details-${pack}`));
  return (await packs.get(pack)!)[object % some]!;
}
