"""One module a format; each turns its shape into Microsoft Graph's and says what it cannot carry."""
