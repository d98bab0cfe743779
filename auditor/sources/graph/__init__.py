"""A live tenant, read through Microsoft Graph. Only this package knows Microsoft's SDK, and nothing of it is imported before it is needed.

`plan` says what to ask for, `signin` gets a token, `client` asks, `faults` says what an answer means, `load` reads the tenant.
"""
