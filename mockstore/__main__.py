"""`python -m mockstore` is the command `mockstore`."""

from mockstore.cli import main

if __name__ == "__main__":
    main()
