// Texts of rules, and fixes with the commands of a shell. They come as pieces: nothing here is parsed as HTML or Markdown.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Copy, Outside } from "./format";
import type { Block, Commands, Span, Text } from "./model";

const filled = (text: Text, values: string[]) => (typeof text === "string" ? text : text.map((piece) => (typeof piece === "number" ? values[piece] ?? "" : piece)).join(""));

function Line({ spans, values }: { spans: Span[]; values: string[] }) {
  return (
    <>
      {spans.map(([text, kind, to], i) => {
        const said = filled(text, values);
        if (kind === "code") return <code key={i}>{said}</code>;
        if (kind === "bold") return <strong key={i}>{said}</strong>;
        if (kind === "link") return <Outside key={i} to={to ?? ""}>{said}</Outside>;
        return said;
      })}
    </>
  );
}

/** `commands`: how a command is shown; without it there are none. */
export function Prose({ blocks, values = [], commands }: { blocks: Block[]; values?: string[]; commands?: (block: Commands) => ComponentChildren }) {
  const parts: ComponentChildren[] = [];
  let list: { items: ComponentChildren[]; isOrdered: boolean } | null = null;
  const end = () => {
    if (list) parts.push(list.isOrdered ? <ol key={parts.length}>{list.items}</ol> : <ul key={parts.length}>{list.items}</ul>);
    list = null;
  };
  for (const block of blocks) {
    if ("commands" in block) {
      end();
      parts.push(<div key={parts.length}>{commands?.(block)}</div>);
    } else if (block.kind === "code") {
      end();
      parts.push(<pre key={parts.length}><code>{filled(block.text, values)}</code></pre>);
    } else if (block.kind === "item") {
      const isOrdered = /^\s*\d/.test(block.mark ?? "");
      if (list && list.isOrdered !== isOrdered) end();
      list ??= { items: [], isOrdered };
      list.items.push(<li key={list.items.length}><Line spans={block.spans} values={values} /></li>);
    } else {
      end();
      const line = <Line spans={block.spans} values={values} />;
      parts.push(block.kind === "heading" ? <p key={parts.length}><strong>{line}</strong></p> : <p key={parts.length}>{line}</p>);
    }
  }
  end();
  return <>{parts}</>;
}

const HOW = { or: "Or:", later: "Later:", "": "" };
const SHELLS: Record<string, string> = { bash: "Bash", powershell: "PowerShell", cmd: "Command Prompt" };
let chosenShell: string | null = null;

export function Fix({ blocks, values, shells, shell }: { blocks: Block[]; values: string[]; shells: string[]; shell: string }) {
  const [own, set] = useState(chosenShell ?? shell);
  const at = Math.max(0, shells.indexOf(own));
  const hasCommands = blocks.some((block) => "commands" in block);
  const choose = (name: string) => { chosenShell = name; set(name); };
  return (
    <div class="fix">
      {hasCommands && (
        <div class="shells" role="group" aria-label="Shell">
          {shells.map((name) => <button type="button" key={name} aria-pressed={name === own} onClick={() => choose(name)}>{SHELLS[name] ?? name}</button>)}
        </div>
      )}
      <Prose
        blocks={blocks} values={values}
        commands={(block) => {
          const lines = (block.commands[at] ?? []).map((line) => filled(line, values));
          return (
            <div class="command">
              {block.how && <p class="quiet">{HOW[block.how]}</p>}
              <div class="code"><pre tabIndex={0} role="region" aria-label="Command">{lines.join("\n")}</pre><Copy text={lines.join("\n")} what="the command" /></div>
              {block.missing.length > 0 && <p class="quiet">Replace {block.missing.join(", ")} before you run it.</p>}
            </div>
          );
        }}
      />
    </div>
  );
}
