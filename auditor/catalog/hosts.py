"""Hosts that mean something to an auditor of redirect URIs. Source: Microsoft's page on dangling DNS, and the services' own documents."""

from __future__ import annotations

SHARED_CALLBACKS = frozenset({
    "global.consent.azure-apim.net",
    "login.live.com",
    "login.microsoftonline.com",
    "oauth.powerbi.com",
    "teams.microsoft.com",
    "token.botframework.com",
})  # fmt: skip

_TAKEOVER_PRONE = {
    "azure-api.net": "Azure API Management",
    "azurecontainer.io": "Azure Container Instances",
    "azureedge.net": "Azure CDN",
    "azurehdinsight.net": "Azure HDInsight",
    "azurestaticapps.net": "Azure Static Web Apps",
    "blob.core.windows.net": "Azure Storage",
    "cloudapp.azure.com": "Azure virtual machines",
    "cloudapp.net": "Azure Cloud Services",
    "github.io": "GitHub Pages",
    "herokuapp.com": "Heroku",
    "netlify.app": "Netlify",
    "trafficmanager.net": "Azure Traffic Manager",
    "vercel.app": "Vercel",
    "web.core.windows.net": "Azure Storage",
}


def takeover_prone(host: str) -> str | None:
    """The service whose released names of this form anybody can register, or None.

    App Service's regional names with a hash (`app-a1b2.westeurope-01.azurewebsites.net`) cannot be claimed by others; the short form can.
    """
    if host.endswith(".azurewebsites.net"):
        labels = host.removesuffix(".azurewebsites.net").removesuffix(".scm").split(".")
        return "Azure App Service" if len(labels) == 1 else None
    suffix = host
    while "." in suffix:
        suffix = suffix.partition(".")[2]
        if service := _TAKEOVER_PRONE.get(suffix):
            return service
    return None
