"""`regaudit explain` of AADSTS codes and pasted messages: what a user gets."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from auditor import rulebook
from auditor.diagnose import aadsts
from auditor.entra.catalog import CATALOG
from tests.helpers import PAGE, ROOT, process, regaudit, registration, write

RULES = list(rulebook.shipped())
NAMED = {code for rule in RULES for code in rule.aadsts}
CARELESS = ROOT / "sample_manifests/careless"
TIDY = ROOT / "sample_manifests/tidy"
# Connector rules to come: what only shows when client, API and connector are read together. Take out what a page names.
MESSAGE = (
    "AADSTS50011: The redirect URI 'https://payroll.example.com/Signin?code=PSST' specified in the request does not match the "
    "redirect URIs configured for the application '22222222-2222-4222-8222-222222222222'. Make sure it's there. Navigate to "
    "https://aka.ms/redirectUriMismatchError to learn more. Trace ID: 99999999-9999-4999-8999-999999999999 "
    "Correlation ID: 88888888-8888-4888-8888-888888888888 Timestamp: 2026-01-01 00:00:00Z"
)


def payroll(number: int, **more: Any) -> dict[str, Any]:
    web = {"redirectUris": ["https://payroll.example.com/signin"], "implicitGrantSettings": {}}
    return registration(f"Payroll {number}", number, web=web, spa={"redirectUris": []}, publicClient={"redirectUris": []}, **more)


def expired() -> dict[str, Any]:
    secret = {"keyId": "33333333-3333-4333-8333-333333333333", "displayName": "web", "endDateTime": "2020-01-01T00:00:00Z"}
    return {"passwordCredentials": [secret]}


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """Two registrations, each with a secret that has expired."""
    write(tmp_path / "in/first.json", payroll(1, **expired()))
    write(tmp_path / "in/second.json", payroll(2, **expired()))
    return tmp_path / "in"


# -- the table


def test_every_code_that_a_page_names_has_a_meaning() -> None:
    assert not NAMED - CATALOG.codes.keys()


def test_every_code_that_can_be_foreseen_is_looked_for() -> None:
    foreseeable = {number for number, code in CATALOG.codes.items() if code.foreseeable == "yes"}
    assert not foreseeable - NAMED


def test_the_table_is_in_order_and_reads_as_it_should() -> None:
    assert list(CATALOG.codes) == sorted(CATALOG.codes)
    for code in CATALOG.codes.values():
        assert code.foreseeable in ("yes", "partly", "no")
        assert bool(code.limits) == (code.foreseeable != "yes"), code
        assert re.fullmatch(r"[A-Z].{20,200}\.", code.meaning), code
        assert ". " not in code.meaning, "one sentence"
        assert code.limits[-1:] != "."
        assert not re.search("Azure AD|AAD |reply URL", code.meaning + code.limits), "the field's own words"
        if code.foreseeable == "no":
            assert code.number not in NAMED, "a rule looks for it"


# -- a code


@pytest.mark.parametrize("written", ["AADSTS50011", "aadsts50011", "50011"])
def test_what_a_code_means_and_which_rules_look_for_it(written: str) -> None:
    ran = regaudit("explain", written)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("AADSTS50011\n  The redirect URI of the request is not registered for the application")
    listed = re.findall(r"^    (\S+)  +\S", ran.out, re.MULTILINE)
    assert listed == sorted(rule.id for rule in RULES if 50011 in rule.aadsts)
    assert "regaudit explain AADSTS50011 manifests/" in ran.out


def test_a_page_of_ones_own_counts(tmp_path: Path) -> None:
    page = PAGE.format(title="Of the house", severity="low", id="house-rule", tag="house")
    write(tmp_path / "rules/house-rule.md", page.replace("tags  ", "aadsts = [50011, 123456]\ntags  "))
    own = ("--extend-rules", tmp_path / "rules")
    assert "Of the house" in regaudit("explain", "50011", *own).out
    ran = regaudit("explain", "123456", *own)
    assert ran.code == 0
    assert "1 rule looks for it:\n    house-rule  Of the house" in ran.out
    file = write(tmp_path / "in/app.json", registration("Payroll"))
    failed = regaudit("explain", "123456", file, *own)
    assert failed.code == 1, "whatever its severity"
    assert "low house-rule" in failed.out
    assert "Payroll is careless" in failed.out


def test_what_cannot_be_foreseen() -> None:
    ran = regaudit("explain", "AADSTS53003")
    assert ran.code == 0
    assert "It cannot be foreseen from configuration: policies weigh user, device, place and risk" in ran.out
    assert "No rule" not in ran.out
    partly = regaudit("explain", "AADSTS7000215")
    assert "It can only partly be foreseen from configuration: no export holds the value of a secret." in partly.out


def test_files_are_not_read_where_no_rule_could_look() -> None:
    ran = regaudit("explain", "AADSTS53003", TIDY)
    assert ran.code == 2, "nobody looked"
    assert "cannot be foreseen" in ran.out
    assert "the files were not read: no rule looks for this" in ran.err


def test_no_rule_looks_for_it_yet() -> None:
    without = sorted(number for number, code in CATALOG.codes.items() if code.foreseeable != "no" and number not in NAMED)
    for number in without[:3]:
        ran = regaudit("explain", str(number))
        assert (ran.code, "No rule looks for this yet." in ran.out) == (0, True)


@pytest.mark.parametrize(
    ("written", "close"),
    [("50108", "AADSTS50105"), ("AADSTS90113", "AADSTS90112"), ("7000223", "AADSTS700022 or AADSTS7000222 or AADSTS7000229")],
)
def test_a_code_that_is_not_known(written: str, close: str) -> None:
    ran = regaudit("explain", written)
    assert ran.code == 2
    assert f"regaudit does not know this code. Did you mean {close}?" in ran.out
    assert f"https://login.microsoftonline.com/error?code={written.removeprefix('AADSTS')}\n" in ran.out


def test_a_code_like_no_other() -> None:
    ran = regaudit("explain", "AADSTS99999999")
    assert ran.code == 2
    assert "does not know this code.\n" in ran.out


@pytest.mark.parametrize("written", ["AADSTS", "AADSTSx", "AADSTS" + "9" * 5000, "invalid_client: the secret is wrong", "x" * 5000])
def test_no_code_at_all(written: str) -> None:
    ran = regaudit("explain", written)
    assert (ran.code, ran.out) == (2, "")
    assert "no AADSTS code is named" in ran.err
    assert len(ran.err) < 200


def test_all_codes() -> None:
    ran = regaudit("explain", "--list-codes")
    assert ran.code == 0
    assert re.search(r"^AADSTS50011 +\d+ +The redirect URI", ran.out, re.MULTILINE)
    assert re.search(r"^AADSTS53003 +cannot be foreseen +", ran.out, re.MULTILINE)
    assert f"{len(CATALOG.codes)} codes." in ran.out
    rows = regaudit("explain", "--list-codes", "--output-format", "json").json
    assert [row["code"] for row in rows] == list(CATALOG.codes)
    assert regaudit("explain", "--list-codes", "50011").code == 2


# -- a code and files


def test_which_rules_fail_in_the_files() -> None:
    ran = regaudit("explain", "AADSTS7000222", CARELESS, "--as-of", "2026-11-24")
    assert (ran.code, ran.err) == (1, "")
    assert re.search(r"secret-expired +Client secret has expired\n +1 failed, 2 passed, 12 did not apply\n", ran.out)
    assert re.search(r"credential-all-expired .*\n +2 passed, 1 not evaluated, ", ran.out)
    assert "sample_manifests/careless/expired-secret.json:52:7" in ran.out
    assert "with 6 rules" in ran.out, "these rules and no others"
    assert "redirect-http" not in ran.out


def test_files_in_which_none_fails() -> None:
    ran = regaudit("explain", "AADSTS50011", TIDY)
    assert (ran.code, ran.err) == (0, "")
    assert "No findings." in ran.out


def test_registrations_from_standard_input() -> None:
    raw = json.dumps(payroll(1, **expired())).encode()
    ran = regaudit("explain", "AADSTS7000222", "-", stdin=raw)
    assert ran.code == 1
    assert "<stdin>:1:" in ran.out


def test_files_that_are_not_there_or_not_json(tmp_path: Path) -> None:
    ran = regaudit("explain", "AADSTS7000222", tmp_path / "nope")
    assert ran.code == 2
    assert "no such file" in ran.err
    broken = write(tmp_path / "in/broken.json", '{"appId": ')
    write(tmp_path / "in/good.json", payroll(1, **expired()))
    ran = regaudit("explain", "AADSTS7000222", broken.parent)
    assert ran.code == 2, "a part could not be read"
    assert "broken.json:1" in ran.err
    assert "secret-expired" in ran.out


def test_as_json(manifests: Path) -> None:
    found = regaudit("explain", "7000222", "53003", "12", manifests, "--output-format", "json")
    assert found.code == 2, "12 is not known"
    secret, policy, unknown = found.json["codes"]
    assert (secret["code"], secret["known"], secret["foreseeable"], secret["limits"]) == (7000222, True, "yes", None)
    verdicts = {rule["id"]: rule["verdicts"] for rule in secret["rules"]}
    assert verdicts["secret-expired"] == {"failed": 2, "passed": 0, "not_evaluated": 0, "not_applicable": 0, "errors": 0}
    assert (policy["foreseeable"], policy["rules"]) == ("no", [])
    assert (unknown["known"], unknown["meaning"]) == (False, None)
    assert unknown["look_up"] == "https://login.microsoftonline.com/error?code=12"
    assert {row["rule_id"] for row in found.json["report"]["findings"]} <= verdicts.keys()
    alone = regaudit("explain", "7000222", "--output-format", "json").json
    assert (alone["report"], alone["codes"][0]["rules"][0]["verdicts"], alone["mentions"]) == (None, None, [])


# -- a message


def test_a_pasted_message(manifests: Path) -> None:
    ran = regaudit("explain", MESSAGE, manifests)
    assert ran.code == 1, "the message says which URI the client asks for"
    assert ran.out.startswith("cause found: ")
    assert "app registration Payroll 2 (" in ran.out
    assert "second.json:1)" in ran.out
    assert (
        "https://payroll.example.com/Signin\n    none of the redirect URIs and Application ID URIs that were read; close to it is"
        in ran.out
    )
    assert "close to it is https://payroll.example.com/signin, web redirect URI of Payroll 2" in ran.out
    for never in ("PSST", "aka.ms", "99999999-", "88888888-", "Make sure"):
        assert never not in ran.out


def test_a_message_without_quotation_marks(manifests: Path) -> None:
    words = MESSAGE.replace("'", "").replace("?code=PSST", "").split()
    ran = regaudit("explain", *words, manifests)
    assert ran.code == 1
    assert "close to it is https://payroll.example.com/signin" in ran.out
    assert "Read 2 app registrations" in ran.out
    assert "Read " not in regaudit("explain", *words).out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_message_from_standard_input(manifests: Path, encoding: str) -> None:
    ran = regaudit("explain", "-", manifests, stdin=MESSAGE.encode(encoding))
    assert ran.code == 1
    assert "app registration Payroll 2" in ran.out


def test_standard_input_is_one_thing_only() -> None:
    ran = regaudit("explain", "-", "-", stdin=MESSAGE.encode())
    assert ran.code == 2
    assert "cannot be both the message and a file" in ran.err


def test_a_token_endpoints_answer() -> None:
    body = {
        "error": "invalid_client",
        "error_description": "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 99999999-9999-4999-8999-999999999999",
        "error_codes": [7000215],
        "trace_id": "99999999-9999-4999-8999-999999999999",
        "error_uri": "https://login.microsoftonline.com/error?code=7000215",
    }
    message = aadsts.parse(json.dumps(body))
    assert message == aadsts.Message([7000215], [], [])
    assert regaudit("explain", str(body["error_uri"])).out.startswith("AADSTS7000215\n")


def test_a_message_with_several_codes() -> None:
    ran = regaudit("explain", "AADSTS65001: no consent. AADSTS50108: no. AADSTS 65001, aadsts500011")
    assert ran.code == 2, "one of them is not known"
    assert re.findall("^AADSTS.*", ran.out, re.MULTILINE) == ["AADSTS65001", "AADSTS50108", "AADSTS500011"]


def test_the_registration_that_the_message_names_comes_first(manifests: Path) -> None:
    message = "AADSTS7000222: The provided client secret keys for app '{}' are expired."
    for number in (1, 2):
        ran = regaudit("explain", message.format(registration("", number)["appId"]), manifests)
        assert ran.code == 1
        assert re.findall(r"^  Payroll (\d)", ran.out, re.MULTILINE)[0] == str(number)
    ran = regaudit("explain", message.format("22222222-2222-4222-8222-222222222222"), manifests, "--limit", "1")
    assert ran.out.count("\n  Payroll 2 (") >= 1
    assert "and 1 more (--limit 0 shows all)" in ran.out


def test_what_a_message_names(manifests: Path) -> None:
    """An object id in place of the client id is a usual mistake; Microsoft's applications are not in anybody's files."""
    text = (
        "AADSTS700016: Application with identifier '11111111-1111-4111-8111-111111111111' was not found, nor "
        "00000003-0000-0000-c000-000000000000, nor 55555555-5555-4555-8555-555555555555, at https://payroll.example.com/signin."
    )
    mentions = {row["value"]: row["found"] for row in regaudit("explain", text, manifests, "--output-format", "json").json["mentions"]}
    assert list(mentions.values())[:3] == [
        f"the object ID, not the Application (client) ID, of the app registration Payroll 1 ({manifests}/first.json:1)",
        "Microsoft Graph, a Microsoft application",
        "neither an app registration nor a service principal that was read",
    ]
    assert mentions["https://payroll.example.com/signin"] == "web redirect URI of Payroll 1, web redirect URI of Payroll 2"


def test_what_is_not_known_of_a_registration_is_not_denied(tmp_path: Path) -> None:
    """A `$select`ed registration has no URIs to compare with: nothing is claimed but what was read."""
    slim = registration("Slim", 2)
    template = {"appId": "${{CLIENT_ID}}", "displayName": "Template"}
    file = write(tmp_path / "app.json", [slim, template, {key: slim[key] for key in ("appId", "displayName")}])
    ran = regaudit("explain", MESSAGE, file)
    assert ran.code == 2
    assert "incomplete (no check could be evaluated): nothing was checked\n" in ran.out
    assert "none of the redirect URIs and Application ID URIs that were read\n" in ran.out
    assert "close to" not in ran.out


def test_a_hostile_message(tmp_path: Path) -> None:
    name = "\x1b[31mred\u202e ##vso[task.complete]"
    file = write(tmp_path / "app.json", payroll(2, **expired()) | {"displayName": name})
    uri = "https://user:pa55word@payroll.example.com/##vso[task.x]\x1b[2J?client_secret=PSST#token=PSST"
    text = f"::error::x\n##vso[task.setvariable]y AADSTS7000222 '{uri}' '\u202eevil' app 22222222-2222-4222-8222-222222222222\x1b[2J"
    for args in ((text, file), ("-", file), (text,), (text, file, "--output-format", "json")):
        ran = regaudit("explain", *args, stdin=text.encode())
        assert ran.code == (0 if len(args) == 1 else 1)
        for printed in (ran.out, ran.err):
            assert not re.search("\x1b|\u202e|##vso\\[|^\\s*::|pa55word|PSST", printed, re.MULTILINE), args


@pytest.mark.parametrize(
    "piece", ["a.", "aadsts", "AADSTS5", "trace id ", "0-", "00000000-0000-", "https://", "a-a+", "'", "session_id: '", "x" * 50 + "://"]
)
def test_a_long_message_takes_no_time(piece: str) -> None:
    text = piece * (2 * aadsts.LONGEST // len(piece))
    started = time.monotonic()
    message = aadsts.parse(text)
    assert time.monotonic() - started < 2
    assert message.more


def test_what_is_left_out_of_a_message_is_said() -> None:
    flood = " ".join(f"AADSTS{number}" for number in range(100000, 103000))
    for text in (flood, "AADSTS65001 " + "x " * aadsts.LONGEST):
        ran = regaudit("explain", "-", stdin=text.encode())
        assert len(re.findall("^AADSTS", ran.out, re.MULTILINE)) <= aadsts.MOST
        assert "only its beginning was" in ran.err


# -- the message's own facts

CLIENT, THUMBPRINT = "22222222-2222-4222-8222-222222222222", "A1B2C3D4E5F60718293A4B5C6D7E8F9001122334"
SUBJECT, ISSUER = "repo:orders-inc/shop:environment:production", "https://token.actions.githubusercontent.com"


def deployer(folder: Path, subject: str = SUBJECT, **more: Any) -> Path:
    credential = {
        "id": "33333333-3333-4333-8333-333333333333", "name": "deploy", "issuer": ISSUER, "subject": subject,
        "audiences": ["api://AzureADTokenExchange"], "claimsMatchingExpression": None,
    }  # fmt: skip
    app = {"id": "44444444-4444-4444-8444-444444444444", "appId": CLIENT, "displayName": "Deployer", "keyCredentials": [], **more}
    return write(folder / "deployer.json", {"federatedIdentityCredentials": [credential], **app})


def refused(subject: str, code: str = "700213") -> str:
    return f"AADSTS{code}: No matching federated identity record found for presented assertion subject '{subject}'. Check your federated …"


@pytest.mark.parametrize(
    ("presented", "registered", "said"),
    [
        (
            "repo:orders-inc/shop:environment:Production",
            "repo:Orders-Inc/Shop:environment:production",
            "differs in upper and lower case only",
        ),
        ("repo:orders-inc/shop:pull_request", "repo:orders-inc/shop:pull-request", 'has "repo:orders-inc/shop:pull-request"'),
        ("repo:orders-inc/shop:ref:refs/heads/main", SUBJECT, f'has "{SUBJECT}"'),
        (SUBJECT, "repo:orders-inc@1/shop@2:environment:production", "the credential has GitHub's immutable form"),
        ("repo:orders-inc@1/shop@2:environment:production", SUBJECT, "the token has GitHub's immutable form"),
    ],
)
def test_the_subject_of_the_message_is_compared(presented: str, registered: str, said: str, tmp_path: Path) -> None:
    ran = regaudit("explain", refused(presented), deployer(tmp_path, registered))
    assert ran.code == 1
    assert ran.out.startswith("cause found: ")
    assert said in " ".join(ran.out.split())


def test_a_subject_that_is_registered_is_not_the_cause(tmp_path: Path) -> None:
    """The issuer is another one: of a message with all three facts each is said."""
    file = deployer(tmp_path)
    text = (
        f"AADSTS70021: … Assertion Issuer: '{ISSUER}/'. Assertion Subject: '{SUBJECT}'. Assertion Audience: 'api://AzureADTokenExchange'."
    )
    ran = regaudit("explain", text, file, "--output-format", "json")
    assert ran.code == 1
    assert [(clue["said"]) for clue in ran.json["cause"]["clues"]] == ["found", "excluded", "excluded"]
    assert "differs by a slash at its end only" in ran.json["cause"]["clues"][0]["text"]
    assert regaudit("explain", refused(SUBJECT), file).out.startswith("excluded: ")


def test_federated_credentials_that_nobody_read_are_not_told(tmp_path: Path) -> None:
    file = write(tmp_path / "app.json", {"id": "44444444-4444-4444-8444-444444444444", "appId": CLIENT, "displayName": "Deployer"})
    ran = regaudit("explain", refused(SUBJECT), file)
    assert ran.code == 2
    assert ran.out.startswith("cannot tell: ")


@pytest.mark.parametrize(
    ("end", "thumbprint", "code", "said"),
    [
        ("2031-01-01T00:00:00Z", "FF" * 20, 1, "is not registered on"),
        ("2024-01-01T00:00:00Z", THUMBPRINT, 1, "expired on 2024-01-01"),
        ("2031-01-01T00:00:00Z", THUMBPRINT, None, "is registered on"),
    ],
)
def test_the_thumbprint_of_the_message_is_compared(end: str, thumbprint: str, code: int | None, said: str, tmp_path: Path) -> None:
    key = {
        "keyId": "55555555-5555-4555-8555-555555555555", "type": "AsymmetricX509Cert", "usage": "Verify", "customKeyIdentifier": THUMBPRINT,
        "startDateTime": "2023-01-01T00:00:00Z", "endDateTime": end,
    }  # fmt: skip
    file = deployer(tmp_path, keyCredentials=[key])
    text = f"AADSTS700027: … [Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}', … app Id '{CLIENT}'.]"
    ran = regaudit("explain", text, file, "--as-of", "2026-11-24")
    assert said in " ".join(ran.out.split())
    assert code is None or ran.code == code


def test_a_client_of_microsoft_has_to_be_preauthorized(tmp_path: Path) -> None:
    azure_cli, api_id = "04b07795-8ddb-461a-bbee-02f9e1bf7b46", CLIENT
    scope = {"id": "99999999-9999-4999-8999-999999999999", "value": "access_as_user", "type": "User", "isEnabled": True}
    text = f"AADSTS650057: Invalid resource. … Client app ID: {azure_cli}(Microsoft Azure CLI). Resource app ID: {api_id}. List …: ."
    teams = "AADSTS65001: The user or administrator has not consented to use the application with ID '1fec8e78-bce4-4aaf-ab1b-5451cc387264'"
    for clients, code in (([], 1), ([{"appId": azure_cli, "delegatedPermissionIds": [scope["id"]]}], None)):
        app = {"id": "44444444-4444-4444-8444-444444444444", "appId": api_id, "displayName": "Orders API"}
        file = write(tmp_path / "api.json", {**app, "api": {"oauth2PermissionScopes": [scope], "preAuthorizedApplications": clients}})
        ran = regaudit("explain", text, file)
        assert (f"does not preauthorize {azure_cli}" in " ".join(ran.out.split())) == (code == 1)
        assert code is None or ran.code == code
        assert regaudit("explain", teams, file).code == 1


def test_a_single_tenant_application_and_an_account_of_another_tenant(tmp_path: Path) -> None:
    text = (
        "AADSTS50020: User account 'x@fabrikam.example' from identity provider 'https://sts.windows.net/7e4a0000-0000-4000-8000-000000000002/' "
        f"does not exist in tenant 'Orders' and cannot access the application '{CLIENT}'(Deployer) in that tenant."
    )
    ran = regaudit("explain", text, deployer(tmp_path, signInAudience="AzureADMyOrg"))
    assert ran.code == 1
    assert "is single-tenant (signInAudience AzureADMyOrg)" in " ".join(ran.out.split())
    assert regaudit("explain", text, deployer(tmp_path, signInAudience="AzureADMultipleOrgs")).code == 2


def test_forms_of_the_sign_in_logs() -> None:
    for text in ("Sign-in error code: 50105", '{"status": {"errorCode": 50105, "failureReason": "…"}}'):
        assert regaudit("explain", text).out.startswith("AADSTS50105\n")
    ran = regaudit("explain", "AADB2C90057: The provided application is not configured to allow the 'OAuth' Implicit flow.")
    assert ran.code == 2
    assert "a code of Azure AD B2C" in ran.err


# -- beside it


def test_a_rule_as_json() -> None:
    row = regaudit("explain", "secret-expired", "--output-format", "json").json
    assert (row["id"], row["aadsts"]) == ("secret-expired", [7000222])
    assert row["why"]
    assert "az ad app credential" in row["fix"]


def test_what_does_not_go_together() -> None:
    for args, hint in (
        (("secret-expired", TIDY), "regaudit scan PATH --select secret-expired"),
        (("50011", "--raw"), "--raw shows the page of a rule"),
        ((), "nothing to explain"),
    ):
        ran = regaudit("explain", *args)
        assert (ran.code, ran.out) == (2, "")
        assert hint in ran.err


def test_completion_knows_codes() -> None:
    def completed(words: str, at: int) -> list[str]:
        ran = process(
            python=("-c", "import sys; sys.argv[0] = 'regaudit'; from auditor.cli import main; main()"),
            env={"_REGAUDIT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)},
        )
        return ran.out.splitlines()

    assert completed("regaudit explain AADSTS50011", 2) == ["plain,AADSTS50011", "plain,AADSTS500113"]
    assert completed("regaudit explain aadsts540", 2) == ["plain,aadsts54005"]
    assert completed("regaudit explain 540", 2) == ["plain,54005"]
    assert "plain,secret-expired" in completed("regaudit explain secret-e", 2)
    assert completed("regaudit explain AADSTS50011 mani", 3) == ["file,mani"]


TOKEN = "AADSTS70021: No matching federated identity record found for presented assertion."


@pytest.mark.parametrize(
    ("issuer", "subject", "code", "said"),
    [
        ("https://gitlab.com", "repo:a/b:environment:prod", 1, "each is of another one"),
        ("https://gitlab.com", "project_path:a/b:ref_type:branch:ref:main", 0, "is that of federated credential"),
        ("https://gitlab.com", "/eid1/c/pub/t/x/a/y/sc/z/w", 1, '"deploy" of "Deployer" has "repo:a/b:environment:prod"'),
    ],
)
def test_one_credential_has_to_have_all_claims(issuer: str, subject: str, code: int, said: str, tmp_path: Path) -> None:
    credentials = [
        {"id": CLIENT, "name": name, "issuer": iss, "subject": sub, "audiences": ["api://AzureADTokenExchange"]}
        for name, iss, sub in (
            ("deploy", "https://token.actions.githubusercontent.com", "repo:a/b:environment:prod"),
            ("gitlab", "https://gitlab.com", "project_path:a/b:ref_type:branch:ref:main"),
        )
    ]
    text = f"{TOKEN} Assertion Issuer: '{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: 'api://AzureADTokenExchange'."
    ran = regaudit("explain", text, deployer(tmp_path, federatedIdentityCredentials=credentials))
    assert ran.code == code
    assert said in " ".join(ran.out.split())


@pytest.mark.parametrize(
    "words", ["redirect URI 'https://a.example/CB' specified in the request", "reply URL 'https://a.example/CB' specified in the request"]
)
def test_a_redirect_uri_has_had_several_names(words: str, tmp_path: Path) -> None:
    file = deployer(tmp_path, web={"redirectUris": ["https://a.example/cb"]}, spa={"redirectUris": []}, publicClient={"redirectUris": []})
    ran = regaudit("explain", f"AADSTS50011: The {words} does not match … configured for the application: '{CLIENT}'.", file)
    assert ran.code == 1
    assert "close to it is https://a.example/cb, which differs in upper and lower case only" in " ".join(ran.out.split())


def test_a_client_that_nobody_gave_may_need_preauthorization(tmp_path: Path) -> None:
    other = "872cd9fa-d31f-45e0-9eab-6e460a02d1f1"
    text = f"AADSTS650057: Invalid resource. … Client app ID: {other}(Somebody). Resource app ID: {CLIENT}. List …: ."
    ran = regaudit("explain", text, deployer(tmp_path, api={"oauth2PermissionScopes": [], "preAuthorizedApplications": []}))
    assert ran.code == 2
    assert f'"Deployer" ({tmp_path / "deployer.json"}:1) has to preauthorize {other}' in " ".join(ran.out.split())


def secret(name: str, end: str) -> dict[str, Any]:
    return {"keyId": CLIENT, "displayName": name, "startDateTime": "2024-01-01T00:00:00Z", "endDateTime": f"{end}T00:00:00Z"}


@pytest.mark.parametrize(
    ("secrets", "code", "said"),
    [
        (
            [secret("old", "2025-01-01"), secret("new", "2027-01-01")],
            1,
            'has the valid secret "new" (valid until 2027-01-01); "old" expired',
        ),
        ([secret("new", "2027-01-01")], 2, "and none that has expired: the client sends an older one"),
        ([secret("old", "2025-01-01")], 1, 'client secret "old" expired on 2025-01-01'),
    ],
)
def test_a_renewed_secret_has_to_be_entered(secrets: list[dict[str, Any]], code: int, said: str, tmp_path: Path) -> None:
    text = f"AADSTS7000222: The provided client secret keys for app '{CLIENT}' are expired."
    ran = regaudit("explain", text, deployer(tmp_path, passwordCredentials=secrets), "--as-of", "2026-11-24")
    assert ran.code == code
    assert said in " ".join(ran.out.split())


def test_the_address_of_the_browser_is_read(tmp_path: Path) -> None:
    text = f"AADSTS50011: The redirect URI 'https://a.example/b' specified in the request … for the application '{CLIENT}'."
    address = f"https://a.example/cb?error=invalid_request&error_description={quote_plus(text)}"
    platforms: dict[str, Any] = {name: {"redirectUris": []} for name in ("web", "spa", "publicClient")}
    ran = regaudit("explain", address, deployer(tmp_path, SUBJECT, **platforms))
    assert ran.code == 1
    assert "https://a.example/b is not registered on" in " ".join(ran.out.split())


@pytest.mark.parametrize(("audience", "code"), [("AzureADMyOrg", 1), ("AzureADMultipleOrgs", 2)])
def test_the_common_address(audience: str, code: int, tmp_path: Path) -> None:
    text = f"AADSTS50194: Application '{CLIENT}'(Deployer) is not configured as a multi-tenant application. Usage of the /common endpoint …"
    assert regaudit("explain", text, deployer(tmp_path, signInAudience=audience)).code == code
