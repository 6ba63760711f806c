"""Priority rules: callers, and SIP headers, that give a call its own priority and requirements."""
