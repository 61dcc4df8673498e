"""The world of quantities: word problems in plain English about who has how many, one small operation per step."""
