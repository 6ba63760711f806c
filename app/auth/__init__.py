"""Who may ask for what: API keys, their scopes, and the dependencies that routes enforce them with."""
