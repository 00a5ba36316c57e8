export { MovieTogetherChat, forgetTexts } from "../../../api_service/static/widget/chat.js";
export { MovieTogetherPeople } from "../../../api_service/static/widget/people.js";
export { MovieTogetherReactions } from "../../../api_service/static/widget/reactions.js";
