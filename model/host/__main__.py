"""``python -m model.host ENGINE --socket PATH``."""

from model.host.server import main

if __name__ == "__main__":
    main()
