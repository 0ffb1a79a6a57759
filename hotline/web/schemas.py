"""Bodies in and out of the hotline's own JSON endpoints."""

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """A JSON body: unknown fields are an error, text is stripped."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInBody(Body):
    """What a program signs in with."""

    login: str = Field(min_length=1, max_length=40)
    password: str = Field(min_length=1, max_length=256)
