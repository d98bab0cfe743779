import { render } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { read, type Report } from "./data";
import { day } from "./format";
import { ObjectPage } from "./object";
import { Overview } from "./overview";
import { Paper } from "./print";
import { useRoute } from "./route";
import { credentials, findings, objects } from "./sources";
import "./style.css";
import { Table } from "./table";

const TABS: [path: string, name: string][] = [["", "Overview"], ["registrations", "Registrations"], ["findings", "Findings"], ["credentials", "Credentials"]];

function App({ report }: { report: Report }) {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const [view = "", position = ""] = route.path.split("/");
  const source = useMemo(() => {
    const made = { registrations: objects, findings, credentials }[view];
    return made ? made(report) : null;
  }, [report, view]);
  useEffect(() => {  // who reads with a screen reader or a keyboard is where the new view begins
    if (!isFirst.current) { main.current?.focus({ preventScroll: true }); scrollTo(0, 0); }
    isFirst.current = false;
  }, [route.path]);
  const tab = view === "object" ? "registrations" : view;
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to the content</a>
      <header>
        <a class="brand" href="#/">regaudit</a>
        <nav aria-label="Views">
          {TABS.map(([path, name]) => <a key={path} href={`#/${path}`} aria-current={tab === path ? "page" : undefined}>{name}</a>)}
        </nav>
        <span class="quiet date">{day(report.head.asOf)}</span>
      </header>
      <main ref={main} id="content" tabIndex={-1}>
        {source ? <Table key={view} source={source} route={route} />
          : view === "object" ? <ObjectPage key={position} report={report} object={Number(position || NaN)} rule={route.params.get("rule") ?? ""} />
          : <Overview report={report} />}
      </main>
    </>
  );
}

function printed(report: Report): void {
  const paper = document.createElement("div");
  paper.id = "paper";
  document.body.append(paper);
  addEventListener("beforeprint", () => render(<Paper report={report} />, paper));
  addEventListener("afterprint", () => render(null, paper));
}

const root = document.getElementById("app")!;
root.textContent = "Unpacking the report…";
read().then(
  (report) => {
    root.textContent = "";
    render(<App report={report} />, root);
    printed(report);
    document.documentElement.dataset.ready = "yes";
  },
  (error: unknown) => { root.textContent = `This report cannot be shown: ${String(error)}. It needs a browser of 2023 or newer.`; },
);
