"""The pages, a module a subject. Every function in here that is declared with @page is served."""
