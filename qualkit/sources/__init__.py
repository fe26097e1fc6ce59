"""Readers: one per format of transcript, and one for tables. Importing this loads no heavy library."""

from qualkit.sources.documents import find_documents, read_document
from qualkit.sources.tables import Table, read_table

__all__ = ["Table", "find_documents", "read_document", "read_table"]
