"""Pure writers, frames to bytes: PDF, merged PDF, UBL, XML, bank files, workbooks."""
