export { JoinError, MovieTogether, Refusal } from "../../../api_service/static/widget/movie-together.js";
