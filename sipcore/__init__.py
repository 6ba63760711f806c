"""The shared SIP core: message, transaction, dialog, registrar and the endpoint that joins them (RFC 3261)."""
