"""The command line: one file for each noun, each command a thin shell around one library call."""
