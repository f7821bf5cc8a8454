"""Know Streamlit: what the pages share. With app.py and pages/ the only code that does."""
