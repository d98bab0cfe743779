"""Shapes of settings of the tenant that concern applications and are no policies: groups (v1.0), Teams and Microsoft 365 (beta)."""

from __future__ import annotations

from auditor.entra.shapes import Shape, absent


class SettingValue(Shape):
    name: str | None = absent("values.name")
    value: str | None = absent("values.value")


class GroupSetting(Shape):
    """Settings made from a template, of all groups or of consent."""

    id: str | None = absent("id")
    template_id: str | None = absent("templateId")
    values: list[SettingValue] | None = absent("values")


class TeamsAppSettings(Shape):
    is_chat_resource_specific_consent_enabled: bool | None = absent("isChatResourceSpecificConsentEnabled")


class AppsAndServicesSettings(Shape):
    is_office_store_enabled: bool | None = absent("isOfficeStoreEnabled")
    is_app_and_services_trial_enabled: bool | None = absent("isAppAndServicesTrialEnabled")
