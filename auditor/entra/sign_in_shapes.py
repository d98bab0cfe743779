"""Shapes of reports on sign-ins that few inputs hold. Microsoft Graph beta, of users v1.0."""

from __future__ import annotations

from auditor.entra.shapes import Shape, SignIn, absent


class CredentialSignIn(Shape):
    """When a client secret or certificate was last used."""

    id: str | None = absent("id")
    app_id: str | None = absent("appId")
    key_id: str | None = absent("keyId")
    credential_origin: str | None = absent("credentialOrigin")
    sign_in_activity: SignIn | None = absent("signInActivity")


class RegistrationDetails(Shape):
    """What a user has registered for sign-ins."""

    id: str | None = absent("id")
    is_mfa_registered: bool | None = absent("isMfaRegistered")
