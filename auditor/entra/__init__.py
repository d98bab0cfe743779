"""What Microsoft Entra ID is: collections, shapes, permissions, first-party applications, sign-in errors. Data only."""
