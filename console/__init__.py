"""The keepstep command."""
