"""The Petstore by HTTP, a file for each noun (contract 2): what comes in goes to the shop as it is, and back."""
