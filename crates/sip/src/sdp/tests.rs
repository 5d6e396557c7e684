//! Descriptions read and answered.
