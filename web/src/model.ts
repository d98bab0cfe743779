// What `auditor/report/html_data.py` writes. Positions count from 0.

/** A text; numbers are positions in the values of a finding. */
export type Text = string | (string | number)[];
export type Span = [text: Text, kind: "" | "code" | "bold" | "link", address?: string];
export interface Paragraph { kind: "paragraph" | "item" | "heading" | "row"; spans: Span[]; mark?: string }
export interface Code { kind: "code"; text: Text }
/** The commands of each shell, in the order of `Head.shells`. */
export interface Commands { commands: Text[][]; how: "" | "or" | "later"; missing: string[] }
export type Block = Paragraph | Code | Commands;

export interface Rule { id: string; area: string; title: string; codes: number[]; page: string | null; references: string[]; why: Block[] }
export interface Gap { what: string; why: string; count: number; rules: number; remedy: Block[] }
export interface Verdicts { passed: number; failed: number; not_applicable: number; not_evaluated: number; errors: number }

export interface Head {
  version: string; asOf: string; started: string; profile: string; paths: string[];
  verdict: string; failed: boolean; complete: boolean; exitCode: number; failOn: string; incomplete: string[];
  errors: string[]; notes: string[]; said: string[];
  bySeverity: Record<string, number>; byArea: Record<string, number>; likely: number; minSeverity: string;
  registrations: number; withFindings: number; verdicts: Verdicts; notEvaluated: Gap[]; takenAway: [string, boolean][];
  tenants: string[]; files: string[]; rules: Rule[]; fixes: Block[][]; hasInventory: boolean;
  shells: string[]; shell: string; some: number;
}

type Columns<T> = { [K in keyof T]: T[K][] };
export interface ObjectRow {
  kind: number; name: string | null; appId: string | null; objectId: string | null; tenant: number; worst: number; findings: number;
  owners: string[] | null; tags: string[]; file: number | null; line: number | null; audience: string | null; created: string | null;
  expiry: string | null; secrets: number | null; certificates: number | null; federated: number | null; permissions: number | null;
  tier: number | null; reach: number; team: string | null;
}
export interface FindingRow {
  object: number; rule: number; severity: number; highest: number; likely: number; status: number; change: string | null;
  message: string; file: string | null; line: number | null; column: number | null; property: string | null;
}
export interface CredentialRow {
  object: number; kind: number; state: number; name: string | null; keyId: string | null; start: string | null; end: string | null;
  superseded: boolean | null;
}
export interface Tables { objects: Columns<ObjectRow>; findings: Columns<FindingRow>; credentials: Columns<CredentialRow> }

export interface Owner { name: string; object_id: string | null; kind: string | null }
export interface Permission {
  resource_app_id: string | null; resource_name: string | null; permission_id: string | null; permission: string | null;
  kind: string | null; tier: string | null; granted?: string | null; consent?: string | null; users?: number | null;
}
export interface Inventory {
  sign_in_audience?: string | null; created?: string | null; service_principal_id?: string | null; enabled?: boolean | null;
  home_tenant_id?: string | null; owners: Owner[] | null; permissions?: Permission[] | null; grants?: Permission[] | null;
  redirect_uris?: { uri: string; platform: string }[] | null; identifier_uris?: string[] | null; incomplete: string[];
  federated?: { name: string; issuer: string | null; subject: string | null }[] | null; deactivated?: boolean | null;
  roles?: { name: string | null; definition_id: string | null; tier: string | null; scope: string | null }[] | null; risk?: Risk | null;
}
/** No severity: places to sort by, with what they follow from. */
export interface Risk { reach: string; reach_reasons: string[]; exposure: string; exposure_reasons: string[] }
export interface Connector {
  kind: string; identity_provider: string | null; client_id: string | null; tenant_id: string | null; resource_uri: string | null;
  scopes: string[] | null; redirect_mode: string | null; redirect_uri: string | null; on_behalf_of: boolean | null;
}
export interface FindingDetails {
  id: string; actual?: string; pointer?: string; portal?: string; accepted?: string; fix?: [number, string[]];
  related?: { label: string; file: string | null; line: number | null; pointer: string }[]; standsFor?: string[]; unknown?: boolean;
}
export interface Details {
  findings: FindingDetails[]; areas: Record<string, string>; missing: string[]; pointer: string; portal: string | null;
  inventory?: Inventory | null; connector?: Connector;
}

export const KINDS = ["App registration", "Enterprise application", "Connector", "Tenant"];
export const SEVERITIES = ["info", "low", "medium", "high", "critical"];
export const STATUSES = ["not-applicable", "pass", "not-evaluated", "error", "baselined", "waived", "fail"];
export const FAIL = 6;
export const STATES = ["valid", "expiring", "expired", "not yet valid", "unknown"];
export const EXPIRED = 2;
export const TIERS = ["tier 0", "high", "medium", "low"];
export const POWER = 1, WAY_IN = 2;
