"""`report`: one self-contained page about a recorded program or a dump."""
