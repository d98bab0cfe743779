"""Shapes of reports of sign-ins that few inputs hold. Microsoft Graph beta."""

from __future__ import annotations

from auditor.entra.shapes import Shape, SignIn, absent


class CredentialSignIn(Shape):
    """When a client secret or certificate was last used."""

    id: str | None = absent("id")
    app_id: str | None = absent("appId")
    key_id: str | None = absent("keyId")
    credential_origin: str | None = absent("credentialOrigin")
    sign_in_activity: SignIn | None = absent("signInActivity")
