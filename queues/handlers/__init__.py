"""What each command does to the floor: a module a kind of command, a function a command."""
