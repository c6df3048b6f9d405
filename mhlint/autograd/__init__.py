"""What will torch do? A model of autograd, and the machine that runs a program over it and writes a trace."""
