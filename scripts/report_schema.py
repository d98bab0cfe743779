"""Makes `auditor/schemas/report.json`, the JSON Schema of the JSON report, from the rows that the report is made of."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from auditor.engine.finding import Finding, Related, Status
from auditor.engine.gate import Cause
from auditor.report.json import SCHEMA_VERSION
from auditor.report.tables import Application, Connector, Credential
from auditor.severity import SEVERITIES, Certainty
from auditor.sources.coverage import COMPLETE, DENIED, FAILED, PARTIAL, SELECTED, UNAVAILABLE

TEXT, COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
TEXT_OR_NULL, COUNT_OR_NULL = {"type": ["string", "null"]}, {"type": ["integer", "null"], "minimum": 1}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    """An object with just these members, every one of them there."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def row(struct: type[msgspec.Struct]) -> dict[str, Any]:
    properties = msgspec.json.schema(struct)["$defs"][struct.__name__]["properties"]
    for value in properties.values():
        value.pop("default", None)
    return closed(properties)


def schema() -> dict[str, Any]:
    finding = row(Finding)
    finding["properties"]["severity"] = finding["properties"]["highest_severity"] = {"enum": list(SEVERITIES)}
    finding["properties"]["certainty"] = {"enum": [*(certainty.value for certainty in Certainty), None]}
    finding["properties"]["status"] = {"enum": [status.value for status in Status]}
    finding["properties"]["related"] = {"anyOf": [array({"$ref": "#/$defs/Related"}), {"type": "null"}]}
    credential = row(Credential)
    credential["properties"]["state"] = {"enum": ["valid", "expiring", "expired", "not-yet-valid", "unknown"]}
    credential["properties"]["kind"] = {"enum": ["secret", "certificate"]}
    credential["properties"]["on"] = {"enum": ["application", "servicePrincipal"]}
    place = {"file": TEXT_OR_NULL, "line": COUNT_OR_NULL, "column": COUNT_OR_NULL, "message": TEXT}
    coverage = closed({
        "applications_read": COUNT, "service_principals_read": COUNT, "connectors_read": COUNT,
        "files_read": COUNT, "files_passed_over": COUNT,
        "verdicts": closed(dict.fromkeys(("passed", "failed", "not_applicable", "not_evaluated", "errors"), COUNT)),
        "not_evaluated": array(closed({"reason": TEXT, "remedy": TEXT_OR_NULL, "count": COUNT, "rules": array(TEXT)})),
        "tenants": array(closed({
            "tenant_id": TEXT_OR_NULL, "folder": TEXT_OR_NULL, "complete_collections": array(TEXT),
            "collections": array(closed({
                "collection": TEXT, "status": {"enum": [COMPLETE, SELECTED, UNAVAILABLE, PARTIAL, DENIED, FAILED]}, "count": COUNT,
                "reason": TEXT_OR_NULL, "missing_permission": TEXT_OR_NULL,
            })),
            "applications_read": COUNT, "service_principals_read": COUNT,
        })),
        "without_exact_places": array(TEXT),
    })  # fmt: skip
    run = closed({
        "id": {"type": "string", "pattern": "^[0-9a-f-]{36}$"}, "started": TIME, "finished": TIME, "as_of": TIME,
        "source": {"enum": ["manifest", "graph", "mixed"]}, "paths": array(TEXT),
        "profile": TEXT, "rules": array(TEXT), "coverage": coverage,
        "errors": array(closed(place)), "notes": array(closed(place)),
    })  # fmt: skip
    summary = closed({
        "findings": COUNT,
        "by_severity": closed(dict.fromkeys(reversed(SEVERITIES), COUNT)),
        "by_status": closed(dict.fromkeys(("fail", "error", "not_evaluated"), COUNT)),
        "earliest_expiry": {"anyOf": [TIME, {"type": "null"}]},
        "gate": closed({
            "verdict": TEXT, "fail_on": {"enum": [*SEVERITIES, "never"]}, "findings": COUNT, "failed": {"type": "boolean"},
            "complete": {"type": "boolean"},
            "incomplete": array(closed({
                "cause": {"enum": [cause.value for cause in Cause]}, "message": TEXT, "count": COUNT, "rules": array(TEXT),
            })),
            "exit_code": {"enum": [0, 1, 2]},
        }),
    })  # fmt: skip
    report = closed({
        "schema_version": {"const": SCHEMA_VERSION}, "tool": closed({"name": {"const": "regaudit"}, "version": TEXT}), "run": run,
        "summary": summary, "findings": array({"$ref": "#/$defs/Finding"}), "credentials": array({"$ref": "#/$defs/Credential"}),
        "applications": array({"$ref": "#/$defs/Application"}), "connectors": array({"$ref": "#/$defs/Connector"}),
    })  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "regaudit's JSON report",
        "description": "Made by scripts/generate.py. Within one major schema_version members are only added.",
        **report,
        "$defs": {
            "Finding": finding,
            "Related": row(Related),
            "Credential": credential,
            "Application": row(Application),
            "Connector": row(Connector),
        },
    }


def files() -> dict[str, str]:
    return {"auditor/schemas/report.json": json.dumps(schema(), indent=1) + "\n"}
