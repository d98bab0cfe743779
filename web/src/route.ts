// The state of the page is in its address, behind the #: what somebody sees can be sent to others.
import { useEffect, useState } from "preact/hooks";

export interface Route { path: string; params: URLSearchParams }

function current(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { path, params: new URLSearchParams(query) };
}

export function useRoute(): Route {
  const [route, set] = useState(current);
  useEffect(() => {
    const changed = () => set(current());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

export function address(path: string, params: Record<string, string> | URLSearchParams = {}): string {
  const query = new URLSearchParams(params).toString();
  return `#/${path}${query ? `?${query}` : ""}`;
}

/** Changes parameters of the address. An empty value takes one away. Typing replaces the entry of the history, a choice adds one. */
export function change(route: Route, values: Record<string, string>, replace = false): void {
  const params = new URLSearchParams(route.params);
  for (const [name, value] of Object.entries(values)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const to = address(route.path, params);
  if (replace) {
    history.replaceState(null, "", to);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = to;
  }
}
