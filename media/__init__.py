"""The built-in media server: a process of its own and a SIP user agent like any other."""
