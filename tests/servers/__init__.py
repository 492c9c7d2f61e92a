"""Private servers for the tests, started from the programs found on this machine and stopped with the run."""
