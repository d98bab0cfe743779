"""Where documents come from: files, folders, standard input, tenants."""

from auditor.sources.document import Document, Documents, File, Listing, Note
from auditor.sources.files import STDIN, read

__all__ = ["STDIN", "Document", "Documents", "File", "Listing", "Note", "read"]
