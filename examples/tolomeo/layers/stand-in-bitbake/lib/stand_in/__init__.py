"""A stand-in for bitbake that makes real images out of this machine's programs."""
