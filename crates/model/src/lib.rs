//! Vocabulary of CRM Condorito: ids, entities, wire decoding, error codes
