"""Live SIP messages for those who look, with secrets masked."""
