"""``python -m twain``."""

from twain.cli.app import main

if __name__ == "__main__":
    main()
