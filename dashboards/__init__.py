"""The executives' pages: Streamlit over the published file, and nothing but the published file."""
