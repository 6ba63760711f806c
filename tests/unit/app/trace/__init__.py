"""Live SIP messages: who sees what, and what nobody sees."""
