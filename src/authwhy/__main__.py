"""`python -m authwhy`."""

from authwhy.app.cli.main import main

if __name__ == "__main__":
    main()
