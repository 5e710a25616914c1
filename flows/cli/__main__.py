"""``python -m flows.cli``: the command without its entry point."""

from flows.cli.main import main

if __name__ == "__main__":
    main()
